import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, describe, expect, it } from 'vitest'
import { chromiumPath, type OpenedApp, openInBrowser, picture } from '#test/helpers/hosts'
import { expectAccessible } from '#test/helpers/accessibility'
import { flags, makeScenes, saim, smallModel, temporaryFolder } from '#test/helpers/runs'
import { addFolder, chooseTheme, go, openRun, openTab } from '#test/helpers/walk'

const can = chromiumPath !== undefined

describe('the page of evaluations', () => {
  const home = temporaryFolder()
  let app: OpenedApp
  let page: Page
  afterAll(() => app?.close())

  const start = () => page.getByRole('button', { name: 'Start evaluation' }).click()

  it.runIf(can)('asks nearest neighbours and shows what was taken for what', async () => {
    const settings = { ...smallModel, 'image-size': 32, 'patch-size': 8, epochs: 1, 'batch-size': 64 }
    await saim(['train', ...flags(settings), '--name', 'Emoji'], home)
    app = await openInBrowser(home, [home])
    page = app.page
    await openRun(page, 'Emoji', 'Evaluation')
    await start()
    await page.getByRole('row', { name: /Nearest neighbours.*finished.*%/ }).waitFor({ timeout: 60_000 })
    await page
      .getByRole('row', { name: /Nearest/ })
      .getByRole('link')
      .click()
    await page.getByRole('rowheader', { name: 'vehicles' }).waitFor()
    await page.getByText(/\d+ training and \d+ test images, \d+ classes/).waitFor()
  })

  it.runIf(can)('says at the field what does not fit', async () => {
    await openTab(page, 'Evaluation')
    await page.getByRole('combobox', { name: 'Method' }).click({ force: true })
    await page.getByRole('option', { name: /Linear probe/ }).click()
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
    await page.getByRole('row', { name: /Linear probe.*finished.*%/ }).waitFor({ timeout: 60_000 })
    await picture(page, 'evaluate')
    await page
      .getByRole('row', { name: /Linear probe/ })
      .getByRole('link')
      .click()
    const curve = page.getByRole('img', { name: /^Accuracy in percent\. Top-1: latest \d/ })
    await curve.waitFor()
    await picture(page, 'evaluation')
  })

  it.runIf(can)("fine-tunes by the paper's recipe until it is stopped", async () => {
    await openTab(page, 'Evaluation')
    await page.getByRole('combobox', { name: 'Method' }).click({ force: true })
    await page.getByRole('option', { name: /Fine-tuning/ }).click()
    await page.getByRole('combobox', { name: 'Recipe' }).click({ force: true })
    await page.getByRole('option', { name: "The paper's" }).click()
    await page.getByText('Table 7 of the paper').waitFor()
    expect(await page.getByLabel('Epochs', { exact: true }).inputValue()).toBe('100')
    await start()
    const row = page.getByRole('row', { name: /Fine-tuning.*running, [1-9]\d* %/ })
    await row.waitFor({ timeout: 60_000 })
    await row.getByRole('link').click()
    await page.getByRole('button', { name: 'Stop', exact: true }).click()
    await page.getByRole('row', { name: /Fine-tuning.*stopped/ }).waitFor({ timeout: 60_000 })
    await page.getByRole('rowheader', { name: 'vehicles' }).waitFor()
  })

  it.runIf(can)('exports what was fine-tuned as a classifier', async () => {
    await page.getByRole('link', { name: 'Export classifier' }).click()
    await page.getByRole('radio', { name: /^ONNX classifier/ }).waitFor()
    expect(await page.getByRole('radio', { name: /^ONNX classifier/ }).isChecked()).toBe(true)
    await page.getByText(/on sample-images, top-1 \d/).waitFor()
    await page.getByLabel('Licence of the weights').fill('mit')
    await page.getByRole('button', { name: 'Choose folder' }).click()
    await page.getByRole('button', { name: 'Choose this folder' }).click()
    await page.getByRole('button', { name: 'Export', exact: true }).click()
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
    await page.getByRole('combobox', { name: 'Method' }).click({ force: true })
    await page.getByRole('option', { name: /Segmentation/ }).click()
    await page.getByRole('combobox', { name: 'Data set with masks' }).click({ force: true })
    await page.getByRole('option', { name: 'images', exact: true }).click()
    await start()
    await page.getByRole('row', { name: /Segmentation.*finished.*%/ }).waitFor({ timeout: 60_000 })
    await page
      .getByRole('row', { name: /Segmentation/ })
      .getByRole('link')
      .click()
    await page.getByText('Mean IoU').first().waitFor()
    await page.getByRole('rowheader', { name: 'sky' }).waitFor()
    await picture(page, 'segmentation')
    await expectAccessible(page, 'a segmentation')
  })

  it.runIf(can)('is accessible in light and dark', async () => {
    for (const theme of ['Dark', 'Light'] as const) {
      await chooseTheme(page, theme)
      await openRun(page, 'Emoji', 'Evaluation')
      await page.getByRole('button', { name: 'Start evaluation' }).waitFor()
      await expectAccessible(page, `${theme} Evaluation`)
      await page
        .getByRole('row', { name: /Linear probe/ })
        .getByRole('link')
        .click()
      await page.getByRole('heading', { name: 'Linear probe' }).waitFor()
      await expectAccessible(page, `${theme} evaluation`)
    }
  })
})
