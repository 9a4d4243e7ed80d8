import { readFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { canOpenWindow, openWindow } from '#test/helpers/hosts'
import { temporaryFolder } from '#test/helpers/runs'
import { addSample, go, startRun } from '#test/helpers/walk'

type Window = Awaited<ReturnType<typeof openWindow>>

/** What the system sees of the application; only a window has it. */
describe.runIf(canOpenWindow())('the desktop application', () => {
  const home = temporaryFolder()
  let app: Window
  afterAll(() => void app?.application.process().kill('SIGKILL'))
  const log = () => readFileSync(path.join(home, 'logs', 'application.log'), 'utf8')

  it('keeps the computer awake while a run trains, and as long as the person wants that', async () => {
    app = await openWindow(home, home)
    await app.application.evaluate(({ dialog, powerSaveBlocker }) => {
      // No test can click the system's dialog: a page that ended comes anew, the application may quit.
      dialog.showMessageBox = (...parameters: unknown[]) => {
        const { buttons = [] } = parameters.at(-1) as { buttons?: string[] }
        const response = Math.max(buttons.indexOf('Reload'), buttons.indexOf('Pause and quit'))
        return Promise.resolve({ response, checkboxChecked: false })
      }
      const held = new Set<number>()
      Object.assign(globalThis, { held })
      const { start, stop } = powerSaveBlocker
      powerSaveBlocker.start = (kind) => {
        const id = start.call(powerSaveBlocker, kind)
        held.add(id)
        return id
      }
      powerSaveBlocker.stop = (id) => {
        held.delete(id)
        return stop.call(powerSaveBlocker, id)
      }
    })
    const held = () =>
      app.application.evaluate(() => (globalThis as unknown as { held: Set<number> }).held.size)
    const { page } = app
    await go(page, 'Data sets')
    await addSample(page)
    expect(await held()).toBe(0)
    await startRun(page, { name: 'Awake', epochs: 1000 })
    await expect.poll(held).toBe(1)
    await go(page, 'Settings')
    const wanted = page.getByLabel('Keep the computer awake while it trains')
    await wanted.uncheck()
    await expect.poll(held).toBe(0)
    await wanted.check()
    await expect.poll(held).toBe(1)
  })

  it('offers a page anew that ended, while the run goes on, and keeps a log of both', async () => {
    await app.application.evaluate(({ BrowserWindow }) => {
      BrowserWindow.getAllWindows()[0]!.webContents.forcefullyCrashRenderer()
    })
    // A page that ended never answers.
    const shown = () =>
      app.application.evaluate(({ BrowserWindow }) =>
        Promise.race([
          BrowserWindow.getAllWindows()[0]!.webContents.executeJavaScript('document.body.innerText'),
          new Promise((resolve) => setTimeout(resolve, 1000, '')),
        ]),
      )
    await expect.poll(shown, { timeout: 30_000 }).toMatch(/Awake/)
    // What the foot of the window says of a run that trains: the word “Training” stands on this page whatever happens.
    await expect.poll(shown, { timeout: 60_000 }).toMatch(/Awake\s+\d+%/)
    expect(log()).toMatch(/SAIM Studio \d+\.\d+\.\d+, Electron \d+/)
    expect(log()).toMatch(/The window's page ended: (crashed|killed)/)
  })
})
