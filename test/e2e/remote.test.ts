import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import type { ElectronApplication, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { expectAccessible } from '#test/helpers/accessibility'
import { hasOpenssl, makeCertificate } from '#test/helpers/certificate'
import { canOpenWindow, type OpenedApp, openWindow, picture, said } from '#test/helpers/hosts'
import { flags, makeImages, saim, smallModel, temporaryFolder } from '#test/helpers/runs'
import { go } from '#test/helpers/walk'

if (process.env['CI'])
  it('has a window and openssl to test with', () => expect(canOpenWindow() && hasOpenssl).toBe(true))

/** The application of one machine shows what `saim serve` of another has: here both are this one, with folders of their own. */
describe.runIf(canOpenWindow() && hasOpenssl)('another machine, in a window (needs openssl)', () => {
  const [here, there] = [temporaryFolder(), temporaryFolder()]
  let server: ChildProcess
  let address: string
  let app: OpenedApp & { application: ElectronApplication }
  let page: Page
  let remote: Page

  const serve = async (...parameters: string[]) => {
    server?.kill('SIGINT')
    server = spawn('node', ['out/main/cli.js', 'serve', ...parameters], {
      env: { ...process.env, SAIM_HOME: there },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    return said(server, /https?:\S+/)
  }

  beforeAll(async () => {
    await makeImages(path.join(there, 'photos'), 16)
    const run = ['train', path.join(there, 'photos'), '--name', 'A run over there', ...flags(smallModel)]
    expect((await saim(run, there)).code).toBe(0)
    const { cert, key } = makeCertificate(['DNS:localhost'])
    address = await serve('--host', 'localhost', '--cert', cert, '--key', key)
    app = await openWindow(here, here)
    page = app.page
    await go(page, 'Machine')
  })
  afterAll(async () => {
    await app?.close()
    server?.kill('SIGINT')
  })
  afterEach(async ({ task }) => {
    if (task.result?.state === 'fail') await page?.screenshot({ path: `test/output/remote-${task.id}.png` })
  })

  const open = async (text: string) => {
    await page.getByLabel('Address').fill(text)
    await page.getByRole('button', { name: 'Connect', exact: true }).click()
  }
  const windows = () => app.application.windows().length

  it.each<[string, (address: string) => string, RegExp]>([
    ['another certificate', (text) => text.replace(/.{8}$/, '00000000'), /another certificate than the one/],
    [
      'a certificate that nobody vouches for',
      (text) => text.replace(/#.*/, ''),
      /not one that this machine trusts/,
    ],
    ['half a fingerprint', (text) => text.slice(0, -1), /fingerprint is incomplete/],
    ['a wrong token', (text) => text.replace(/token=.{4}/, 'token=0000'), /does not let this address in/],
    ['nobody there', (text) => text.replace(/:\d+/, ':9'), /cannot be reached/],
    ['http to another machine', () => 'http://gpu-box:7001/?token=a', /Anyone on the network could read/],
  ])('is refused where the person asked: %s', async (_what, change, message) => {
    await open(change(address))
    await page.getByRole('alert').getByText(message).waitFor({ timeout: 30_000 })
    expect(windows()).toBe(1)
  })

  it('opens by its address and shows its runs, not those of this machine', async () => {
    const opened = app.application.waitForEvent('window')
    await open(address)
    remote = await opened
    await remote.getByRole('link', { name: 'Runs', exact: true }).click()
    await remote.getByRole('row', { name: /A run over there.*Finished/ }).waitFor()
    await page.getByText(new URL(address).origin).waitFor()
    expect(await page.getByText('Anyone on the network could read').count()).toBe(0)
    await expectAccessible(page, 'another machine')
    await page.setViewportSize({ width: 1280, height: 820 })
    await page.getByRole('button', { name: /^Forget https/ }).scrollIntoViewIfNeeded()
    await picture(page, 'another-machine')
  })

  it('gives its pages nothing of this machine, and keeps them where they are', async () => {
    expect(await remote.evaluate('typeof window.saim + typeof require + typeof process')).toBe(
      'undefinedundefinedundefined',
    )
    const { origin } = new URL(address)
    await remote.evaluate("location.href = 'http://127.0.0.1:9/'")
    await remote.evaluate("window.open('http://127.0.0.1:9/')")
    expect(await remote.evaluate('Notification.requestPermission()')).toBe('denied')
    await remote.waitForTimeout(500)
    expect(new URL(remote.url()).origin).toBe(origin)
    expect(windows()).toBe(2)
    expect(
      await app.application.evaluate(({ BrowserWindow }) =>
        BrowserWindow.getAllWindows().map((window) => window.webContents.session.isPersistent()),
      ),
    ).toEqual(expect.arrayContaining([true, false]))
  })

  it('remembers the machine, and no token in the clear', async () => {
    const file = path.join(here, 'machines.json')
    await expect.poll(() => existsSync(file)).toBe(true)
    const text = readFileSync(file, 'utf8')
    expect(text).toContain(new URL(address).origin)
    expect(text).not.toContain(new URL(address).searchParams.get('token'))
    await page.getByRole('button', { name: /^Forget https/ }).click()
    await expect.poll(() => readFileSync(file, 'utf8')).toBe('[]')
  })

  it('closes without a question, and this machine stays', async () => {
    await remote.close()
    await expect.poll(windows).toBe(1)
    await page.getByRole('link', { name: 'Runs', exact: true }).click()
    await page.getByRole('heading', { name: 'Runs', level: 1 }).waitFor()
    expect(await page.getByText('A run over there').count()).toBe(0)
  })

  it('opens by http what an SSH tunnel brings to this machine, and quits with that window', async () => {
    const opened = app.application.waitForEvent('window')
    await go(page, 'Machine')
    await open(await serve())
    remote = await opened
    await remote.getByRole('link', { name: 'Runs', exact: true }).click()
    await remote.getByRole('row', { name: /A run over there.*Finished/ }).waitFor()
    const closed = remote.waitForEvent('close')
    await page.close()
    await closed
  })
})
