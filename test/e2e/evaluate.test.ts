import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, describe, expect, it } from 'vitest'
import { chromiumPath, type OpenedApp, openInBrowser, picture } from '#test/helpers/hosts'
import { expectAccessible } from '#test/helpers/accessibility'
import { flags, makeScenes, saim, smallModel, temporaryFolder } from '#test/helpers/runs'
import { addFolder, chooseTheme, go, openRun } from '#test/helpers/walk'

const can = chromiumPath !== undefined

describe('the page of evaluations', () => {
  const home = temporaryFolder()
  let app: OpenedApp
  let page: Page
  afterAll(() => app?.close())

  const start = () => page.getByRole('button', { name: 'Start evaluation' }).click()
  const another = (title: string) =>
    page
      .getByRole('navigation', { name: /^Start/ })
      .getByRole('link', { name: new RegExp(`^${title}`) })
      .click()
  const list = () => page.getByRole('list', { name: 'Evaluations' })
  const finished = () => page.getByText(/^\s*Finished in/).waitFor({ timeout: 60_000 })

  it.runIf(can)('asks nearest neighbours and shows what was taken for what', async () => {
    const settings = { ...smallModel, 'image-size': 32, 'patch-size': 8, epochs: 1, 'batch-size': 64 }
    await saim(['train', ...flags(settings), '--name', 'Emoji'], home)
    app = await openInBrowser(home, [home])
    page = app.page
    await openRun(page, 'Emoji', 'Evaluation')
    await page.getByRole('heading', { name: 'New evaluation: Nearest neighbours' }).waitFor()
    await start()
    await finished()
    await page.getByRole('rowheader', { name: 'vehicles' }).waitFor()
    await page.getByText(/\d+ training images, \d+ test images, \d+ classes/).waitFor()
  })

  it.runIf(can)('sets random weights beside the score, with what chance can do', async () => {
    await page.getByText('Random weights, top-1').waitFor({ timeout: 60_000 })
    await list()
      .getByText(/^\s*random \d+\.\d%\s*$/)
      .waitFor()
    expect(await page.getByText(/^± \d+$/).textContent()).toBe('± 9') // of about a hundred test images
  })

  it.runIf(can)('shows the images behind a cell of the confusion', async () => {
    const mistakes = page.getByRole('region', { name: 'Mistakes' })
    const all = await mistakes.getByRole('listitem').count()
    await page
      .getByRole('button', { name: /predicted as/ })
      .first()
      .click()
    await expect.poll(() => mistakes.getByRole('listitem').count()).toBeLessThan(all)
    await mistakes.locator('img').first().waitFor()
    await expectAccessible(page, 'an evaluation of nearest neighbours')
  })

  it.runIf(can)('says at the field what does not fit', async () => {
    await another('Linear probe')
    await page.getByLabel('Epochs', { exact: true }).fill('5')
    await page.getByLabel('Show all settings').check()
    await page.getByText('The warm-up must be shorter than the run.').waitFor()
    expect(await page.getByRole('button', { name: 'Start evaluation' }).isDisabled()).toBe(true)
    await page.getByLabel('Warm-up (epochs)').fill('1')
    await page.getByLabel('Epochs', { exact: true }).fill('30')
    await page.getByRole('heading', { name: 'Optimisation' }).click()
  })

  it.runIf(can)('trains a linear probe, with curves', async () => {
    await page.getByLabel('Show all settings').uncheck()
    await start()
    await finished()
    await page.getByRole('img', { name: /^Accuracy, %\. Top-1: latest \d/ }).waitFor()
    await page.getByText('Random weights, top-1').waitFor({ timeout: 60_000 })
  })

  it.runIf(can)("fine-tunes by the authors' recipe until it is stopped", async () => {
    await another('Fine-tuning')
    await page.getByRole('combobox', { name: 'Recipe' }).click({ force: true })
    await page.getByRole('option', { name: "The authors'" }).click()
    await page.getByText("Table 7 and the authors' code").waitFor()
    expect(await page.getByLabel('Epochs', { exact: true }).inputValue()).toBe('100')
    await start()
    await page.getByText(/^\s*Running, [1-9]\d*%/).waitFor({ timeout: 60_000 })
    await page.getByRole('button', { name: 'Stop', exact: true }).click()
    await page.getByRole('status').getByText('stopped').waitFor({ timeout: 60_000 })
    await page.getByRole('rowheader', { name: 'vehicles' }).waitFor()
  })

  it.runIf(can)('exports what was fine-tuned as a classifier', async () => {
    await page.getByRole('link', { name: 'Export classifier' }).click()
    await page.getByRole('radio', { name: /^ONNX classifier/ }).waitFor()
    expect(await page.getByRole('radio', { name: /^ONNX classifier/ }).isChecked()).toBe(true)
    await page.getByText(/on sample-images, top-1 \d/).waitFor()
    await page.getByLabel('Licence of the weights').fill('mit')
    await page.getByRole('button', { name: 'Change folder' }).click()
    await page.getByRole('button', { name: 'Choose this folder' }).click()
    await page.getByRole('button', { name: /^Export as / }).click()
    await page
      .getByText(/onnxruntime, batch 8: (no difference|largest difference \d\.\de-\d+)/)
      .waitFor({ timeout: 60_000 })
    const folder = readdirSync(home).find((name) => name.endsWith('-classifier'))!
    expect(readFileSync(path.join(home, folder, 'README.md'), 'utf8')).toContain('license: mit')
    expect(readdirSync(path.join(home, folder))).toContain('classifier.onnx')
  })

  it.runIf(can)('segments by masks beside the images', async () => {
    await makeScenes(path.join(home, 'scenes', 'images'), 30)
    await go(page, 'Data sets')
    await addFolder(page, 'scenes', 'images')
    await openRun(page, 'Emoji', 'Evaluation')
    await another('Segmentation')
    await page.getByRole('combobox', { name: 'Data set with masks' }).click({ force: true })
    await page.getByRole('option', { name: 'images', exact: true }).click()
    await start()
    await finished()
    await page.getByText('Mean IoU').first().waitFor()
    await page.getByRole('rowheader', { name: 'sky' }).waitFor()
    await picture(page, 'segmentation')
    await expectAccessible(page, 'a segmentation')
  })

  it.runIf(can)('is accessible in light and dark', async () => {
    for (const theme of ['Dark', 'Light'] as const) {
      await chooseTheme(page, theme)
      await openRun(page, 'Emoji', 'Evaluation')
      await another('Fine-tuning')
      await page.getByRole('button', { name: 'Start evaluation' }).waitFor()
      await expectAccessible(page, `${theme} Evaluation`)
      await list()
        .getByRole('link', { name: /^Linear probe Step/ })
        .click()
      await page.getByRole('heading', { name: /^Linear probe, step/ }).waitFor()
      await expectAccessible(page, `${theme} evaluation`)
    }
  })
})
