import { cpSync, mkdirSync } from 'node:fs'
import path from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { pages } from '#shared/pages'
import { chromiumPath, type OpenedApp, openInBrowser } from '#test/helpers/hosts'
import { temporaryFolder } from '#test/helpers/runs'
import { addSample, go } from '#test/helpers/walk'

/** What stands around every page: sidebar, status bar, palette, shortcuts, toasts and the bell. */
describe.runIf(chromiumPath)('the frame', () => {
  const home = temporaryFolder()
  let app: OpenedApp
  let page: Page
  beforeAll(async () => {
    mkdirSync(path.join(home, 'runs'))
    cpSync('test/fixtures/run-0.1', path.join(home, 'runs', 'a-run-20261128-132742-agl3'), {
      recursive: true,
    })
    await open()
    await go(page, 'Data sets')
    await addSample(page)
  })
  afterAll(() => app?.close())
  const open = async () => {
    app = await openInBrowser(home, [home])
    page = app.page
  }
  const palette = () => page.getByRole('combobox', { name: 'Search and commands' })
  const type = async (text: string) => {
    await page.keyboard.press('Control+k')
    await palette().fill(text)
  }

  it('leads to every page by its number, and to a run by its name', async () => {
    for (const { shortcut, title } of pages.filter(({ shortcut }) => /\d$/.test(shortcut))) {
      await page.keyboard.press(shortcut.replace('CmdOrCtrl', 'Control'))
      await page.getByRole('heading', { name: title, level: 1 }).waitFor({ state: 'attached' })
    }
    await type('a run')
    expect(await page.getByRole('option').first().textContent()).toContain('a run')
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'a run', level: 1 }).waitFor()
    await page.keyboard.press('Alt+8')
    await expect.poll(() => page.url()).toMatch(/\/log$/)
  })

  it('says what is not there and leads back', async () => {
    await page.evaluate("location.hash = '#/runs/no-such-run'")
    await page.getByRole('heading', { name: 'Run not found' }).waitFor()
    await page.getByRole('link', { name: 'All runs' }).click()
    await page.getByRole('heading', { name: 'Runs', level: 1 }).waitFor()
  })
})
