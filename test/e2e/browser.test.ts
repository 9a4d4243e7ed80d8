import { type ChildProcess, spawn } from 'node:child_process'
import { type Browser, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fromPreset } from '#shared/settings/hyperparameters'
import { plannedRuns } from '#shared/settings/ablations'
import { createExperiment } from '#storage/experiment-file'
import { chromiumPath, said } from '#test/helpers/hosts'
import { temporaryFolder } from '#test/helpers/runs'

/** What a page of `saim serve` does that is not asked for by a button. */
describe.runIf(chromiumPath)('a page in the browser', () => {
  const home = temporaryFolder()
  let server: ChildProcess
  let address: string
  let browser: Browser
  let page: Page

  async function serve(port: string): Promise<string> {
    server = spawn('node', ['out/main/cli.js', 'serve', '--root', home, '--port', port], {
      env: { ...process.env, SAIM_HOME: home },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    return said(server, /http:\S+/)
  }
  const end = () =>
    new Promise((resolve) => {
      server.once('exit', resolve)
      server.kill('SIGINT')
    })

  beforeAll(async () => {
    process.env['SAIM_HOME'] = home
    const plan = { kind: 'ablation', ablation: 'objective' } as const
    await createExperiment({
      name: 'An old sweep',
      dataset: { name: 'gone', folder: '/nowhere' },
      classes: 0,
      plan,
      seeds: 1,
      runsFolder: home,
      planned: plannedRuns(fromPreset('nano'), plan, 1),
    })
    address = await serve('0')
    browser = await chromium.launch({
      executablePath: chromiumPath!,
      args: ['--no-sandbox', '--disable-gpu'],
    })
    page = await browser.newPage()
    await page.goto(address)
    await page.getByRole('navigation').first().waitFor()
  })
  afterAll(async () => {
    await browser?.close()
    await end()
  })

  it('says what it cannot do with a folder that is dropped on it', async () => {
    await page.evaluate(`{
      const dataTransfer = new DataTransfer()
      dataTransfer.items.add(new File([''], 'photos'))
      document.querySelector('.v-application').dispatchEvent(new DragEvent('drop', { dataTransfer, bubbles: true, cancelable: true }))
    }`)
    await page.getByText('A browser does not tell where a dropped folder lies.').waitFor({ timeout: 10_000 })
  })

  it('shows experiments also where their data set is gone', async () => {
    await page.goto(`${new URL(address).origin}/#/experiments`)
    await page.getByText('An old sweep').waitFor({ timeout: 10_000 })
  })

  it('goes where its address is changed to before its first page is there', async () => {
    const early = await browser.newPage()
    await early.route(/HomePage\b.*\.js/, async (route) => {
      await new Promise((resolve) => setTimeout(resolve, 1000))
      await route.continue()
    })
    await early.goto(address)
    await early.getByRole('navigation').first().waitFor()
    await early.evaluate(`location.hash = '#/experiments'`)
    await early.getByText('An old sweep').waitFor({ timeout: 10_000 })
    await early.waitForTimeout(1500)
    expect(new URL(early.url()).hash).toBe('#/experiments')
    await early.close()
  })

  it('says that it has no access where the server was started again, and has with the new address', async () => {
    await end()
    await page.getByText(/Connection lost/).waitFor({ timeout: 10_000 })
    const { port, origin } = new URL(address)
    address = await serve(port)
    expect(new URL(address).origin).toBe(origin)
    await page.getByText('This page has no access.').waitFor({ timeout: 20_000 })
    await page.goto(address)
    await page.getByRole('navigation').first().waitFor()
    await expect.poll(() => page.getByRole('alert').count(), { timeout: 10_000 }).toBe(0)
    await page.goto(`${origin}/#/experiments`)
    await page.getByText('An old sweep').waitFor({ timeout: 10_000 })
  })
})
