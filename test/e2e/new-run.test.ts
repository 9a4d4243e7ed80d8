import type { Page } from 'playwright-core'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { allSettings } from '#shared/settings/hyperparameters'
import { expectAccessible } from '#test/helpers/accessibility'
import { chromiumPath, type OpenedApp, openInBrowser } from '#test/helpers/hosts'
import { temporaryFolder } from '#test/helpers/runs'
import { addSample, chooseTheme, go, openRun } from '#test/helpers/walk'

describe.runIf(chromiumPath)('a new run, in the browser', () => {
  const home = temporaryFolder()
  let app: OpenedApp
  let page: Page
  afterAll(() => app?.close())
  afterEach(async ({ task }) => {
    if (task.result?.state === 'fail' && page)
      await page.screenshot({ path: `test/output/new-run-${task.id}.png` })
  })

  const aside = () => page.getByRole('complementary', { name: 'What you will get' })
  const time = () => aside().locator('.display').textContent()
  const all = () => page.getByRole('button', { name: 'All settings' }).click()

  it('says what three choices cost, and follows each at once', async () => {
    app = await openInBrowser(home, [home])
    page = app.page
    await page.setViewportSize({ width: 1440, height: 900 })
    await page.getByText(/The first model is done in about/).waitFor()
    await expectAccessible(page, 'the first page')
    await addSample(page)
    await go(page, 'New run')
    await expect.poll(time).toMatch(/\d (s|min)/)
    await aside().getByText('Estimated from model size.').waitFor()
    for (const model of ['Nano', 'Tiny', 'Small', 'Base, as in the paper'])
      await page.getByRole('radio', { name: new RegExp(`^${model}.* parameters`) }).waitFor()
    await page.getByText('Fits your images').waitFor()
    // Choices in turn: how long from a click until the time that is shown is another one.
    const waits: number[] = []
    for (const name of ['Standard', 'Thorough', 'Quick look', 'Standard'])
      waits.push(
        await page.evaluate<number>(`new Promise((resolve) => {
          const cards = Array.from(document.querySelectorAll('label.choice'))
          const radio = cards.find((card) => card.textContent.startsWith('${name}')).querySelector('input')
          const start = performance.now()
          new MutationObserver(() => resolve(performance.now() - start)).observe(
            document.querySelector('.get .display'),
            { subtree: true, characterData: true, childList: true },
          )
          radio.click()
        })`),
      )
    console.log(`What you will get follows a choice in ${waits.map((ms) => ms.toFixed(0)).join(', ')} ms.`)
    expect(await page.getByLabel('Epochs', { exact: true }).inputValue()).toBe('40')
    await page.getByText(`${allSettings.length} settings, 1 differs from the preset: epochs`).waitFor()
  })

  it('warns at the choice that causes it', async () => {
    await page.getByRole('radio', { name: /^Base/ }).check()
    await page.getByRole('radio', { name: /^Thorough/ }).check()
    await page.getByText(/Takes about \d.* days. Try a smaller model first./).waitFor()
    await page.getByRole('radio', { name: /^Nano/ }).check()
    await expect.poll(() => page.getByText(/Takes about/).count()).toBe(0)
  })

  it('shows every setting in a table: found by flag, changed, reset, locked by the objective', async () => {
    await all()
    await page.getByLabel('Search settings').fill('--batch-size')
    await page.getByLabel('Batch size', { exact: true }).fill('32')
    await page.getByRole('complementary', { name: 'Help and start' }).getByText('If you change it').waitFor()
    await page.getByRole('button', { name: 'Reset Batch size to 16' }).waitFor()
    await page.getByLabel('Search settings').fill('')
    await page.getByRole('button', { name: /^Changed/ }).click()
    const table = page.getByRole('region', { name: 'All settings' })
    expect(await table.getByRole('row').count()).toBeLessThan(6)
    await page.getByRole('button', { name: 'Reset Batch size to 16' }).click()
    await page.getByRole('button', { name: /^All \d+/ }).click()
    expect(await page.getByLabel('Batch size', { exact: true }).inputValue()).toBe('16')
    await page.getByRole('combobox', { name: 'Objective' }).click({ force: true })
    await page.getByRole('option', { name: 'ViT-iGPT' }).click()
    await page
      .getByRole('row', { name: /^Order/ })
      .getByText('Set by the objective ViT-iGPT')
      .waitFor()
    await page.getByRole('button', { name: 'Reset Objective to SAIM' }).click()
    await expectAccessible(page, 'all settings')
  })

  it('gives the command, and starts by the keyboard', async () => {
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write'])
    await page.getByRole('button', { name: 'Copy as command' }).click()
    await expect
      .poll(() => page.evaluate('navigator.clipboard.readText()'))
      .toMatch(/^saim train \S*sample-images --preset nano/)
    await page.getByLabel('Batch size', { exact: true }).fill('64')
    await page.getByRole('button', { name: 'Essentials' }).click()
    await page.getByLabel('Name of the run').fill('First run')
    await page.getByLabel('Epochs', { exact: true }).fill('1')
    await expect.poll(() => page.getByRole('button', { name: 'Start training' }).isEnabled()).toBe(true)
    await page.keyboard.press('Control+Enter')
    await page.getByRole('heading', { name: 'First run', level: 1 }).waitFor()
  })

  it('is added to the queue while another trains', async () => {
    await go(page, 'New run')
    await page.getByRole('button', { name: 'Add to queue' }).waitFor()
    await openRun(page, 'First run')
    await page
      .getByText(/^finished$/i)
      .first()
      .waitFor({ timeout: 300_000 })
  })

  it('says what to expect from the run before, and can start from its settings or weights', async () => {
    await go(page, 'New run')
    await aside()
      .getByText(/First run on these images reached training loss \d\.\d{3}/)
      .waitFor()
    await aside()
      .getByText(/Timed on your run First run/)
      .waitFor()
    await page.getByRole('radio', { name: /^Tiny/ }).check()
    await page.getByRole('radio', { name: /^Nano/ }).check()
    await page.getByRole('radio', { name: /^Standard/ }).check()
    await page.waitForLoadState('networkidle')
    for (const theme of ['Dark', 'Light'] as const) {
      await chooseTheme(page, theme)
      await go(page, 'New run')
      await expectAccessible(page, `${theme} new run`)
    }
    await page.setViewportSize({ width: 1024, height: 700 })
    await page.setViewportSize({ width: 1920, height: 1080 })
    await page.setViewportSize({ width: 1440, height: 900 })
    await all()
    await page.getByLabel('Batch size', { exact: true }).focus()
    await page.getByRole('button', { name: 'Start from' }).click()
    await page.getByRole('combobox', { name: 'Run' }).fill('First')
    await page.getByRole('option', { name: 'First run' }).click()
    await page.getByLabel('Its settings and weights').check()
    await expectAccessible(page, 'start from')
    await page.getByRole('button', { name: 'Use', exact: true }).click()
    await page.getByText('Starts from the newest weights of “First run”').waitFor()
    await page
      .getByRole('row', { name: /^Width/ })
      .getByText('Fixed by the weights of First run')
      .waitFor()
  })

  it('shows the settings, notes and log of the run', async () => {
    await openRun(page, 'First run', 'Settings')
    await page.getByRole('row', { name: 'Changed: Epochs 1 preset 10' }).waitFor()
    await page.getByRole('button', { name: /^Only changed/ }).click()
    expect(await page.getByRole('row', { name: /^Width/ }).count()).toBe(0)
    await page.getByRole('button', { name: /^Only changed/ }).click()
    await page.getByRole('textbox', { name: 'Notes' }).fill('Colours come first.')
    await page.getByText('Saved', { exact: true }).waitFor()
    await expectAccessible(page, 'the settings of a run')
    await page.reload()
    await expect
      .poll(() => page.getByRole('textbox', { name: 'Notes' }).inputValue())
      .toBe('Colours come first.')
    await openRun(page, 'First run', 'Log')
    await page.getByText(/Starts: /).waitFor()
    await page.getByRole('button', { name: 'Checkpoints', exact: true }).click()
    await page
      .getByText(/^Saved the checkpoint of step \d+, \d+ MB; training loss/)
      .first()
      .waitFor()
    expect(await page.getByText(/Starts: /).count()).toBe(0)
    await page.getByLabel('Find in log').fill('no such line')
    await page.getByText('No line matches.').waitFor()
    await page.getByLabel('Find in log').fill('')
    await page.getByRole('button', { name: 'All', exact: true }).click()
    await expectAccessible(page, 'the log of a run')
  })
})
