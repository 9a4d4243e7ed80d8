import { cpSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readCsv } from '#shared/csv'
import { sampleImagesFolder } from '#platform/paths'
import { expectAccessible } from '#test/helpers/accessibility'
import { chromiumPath, type OpenedApp, openInBrowser } from '#test/helpers/hosts'
import { flags, saim, temporaryFolder } from '#test/helpers/runs'
import { go } from '#test/helpers/walk'

/** Sample images without their folders, named by a probe of a tiny run. */
describe.runIf(chromiumPath)('predicting in the browser', () => {
  const home = temporaryFolder()
  const flat = path.join(home, 'flat')
  const kinds = readdirSync(sampleImagesFolder(), { withFileTypes: true }).filter((one) => one.isDirectory())
  let app: OpenedApp
  let page: Page

  beforeAll(async () => {
    mkdirSync(flat)
    mkdirSync(path.join(home, 'copies'))
    for (const { name } of kinds)
      for (const file of readdirSync(path.join(sampleImagesFolder(), name)).slice(0, 12))
        cpSync(path.join(sampleImagesFolder(), name, file), path.join(flat, file))
    const model = { width: 64, depth: 2, heads: 2, 'query-depth': 2, epochs: 2, 'warmup-epochs': 1 }
    await saim(
      [
        'train',
        sampleImagesFolder(),
        '--name',
        'Tiny',
        ...flags({ ...model, 'image-size': 32, 'batch-size': 64 }),
      ],
      home,
    )
    const [run] = readdirSync(path.join(home, 'runs'))
    await saim(['knn', run!], home)
    await saim(['probe', run!, '--epochs', '20', '--warmup-epochs', '1'], home)
    app = await openInBrowser(home, [home])
    page = app.page
  })
  afterAll(() => app?.close())

  const total = () => page.getByRole('toolbar').getByRole('status').textContent()
  async function chooseFolder(button: string, folder: string) {
    await page.getByRole('button', { name: button }).first().click()
    await page.getByRole('dialog').getByText(folder, { exact: true }).click()
    await page.getByRole('button', { name: 'Choose this folder' }).click()
  }

  it('names the images of a folder by the newest classifier, or by another one', async () => {
    await go(page, 'Predict')
    await page.getByText('Your files stay as they are.').waitFor()
    await expectAccessible(page, 'Predict before')
    await chooseFolder('Choose folder', 'flat')
    await expect.poll(total, { timeout: 60_000 }).toContain('96 of 96 images')
    await page.getByRole('combobox', { name: 'Classifier' }).press('Enter')
    await page.getByRole('option', { name: /Nearest neighbours, 8 classes/ }).click()
    // Until they are made anew, the predictions of the other classifier stay in sight.
    await page
      .getByRole('progressbar', { name: 'Predicted images' })
      .waitFor({ state: 'detached', timeout: 60_000 })
    await page.getByRole('button', { name: /^ant\.png: \w+, \d+%$/ }).waitFor()
    await page.getByRole('button', { name: /^ant\.png/ }).click()
    expect(page.url()).toMatch(/predict\?image=\d+$/)
    await page.getByRole('complementary').getByRole('img', { name: 'ant.png' }).waitFor()
    await expectAccessible(page, 'Predict as grid')
  })

  it('shows a class or what it is not sure of, as a table too', async () => {
    await page.getByRole('combobox', { name: 'Class', exact: true }).press('Enter')
    const option = page.getByRole('option', { name: /, [1-9]\d*$/ }).first()
    const [, name, images] = /^(.+), (\d+)$/.exec((await option.textContent())!.trim())!
    await option.click()
    await expect.poll(total).toContain(`${images} of 96 images`)
    await page.getByRole('button', { name: 'Table' }).click()
    await page.getByRole('cell', { name: name!, exact: true }).first().waitFor()
    await page.getByRole('button', { name: 'Below 60%' }).click()
    const unsure = Number(/^\s*(\d+) of/.exec((await total())!)![1])
    expect(unsure).toBeLessThanOrEqual(Number(images))
    for (const cell of await page.getByRole('cell', { name: /^\d+%$/ }).allTextContents())
      expect(parseInt(cell)).toBeLessThanOrEqual(60)
    await expectAccessible(page, 'Predict as table')
  })

  it('copies what is shown by class and saves it as a table; no file is changed', async () => {
    const before = readdirSync(flat)
    const unsure = Number(/^\s*(\d+) of/.exec((await total())!)![1])
    await chooseFolder('Save as CSV', 'copies')
    await page
      .getByText(/Table written/)
      .first()
      .waitFor()
    const [head, ...rows] = readCsv(readFileSync(path.join(home, 'copies', 'predictions.csv'), 'utf8'))
    expect(head!.slice(0, 3)).toEqual(['path', 'class', 'probability'])
    expect(rows).toHaveLength(unsure)
    await page.getByRole('button', { name: 'All', exact: true }).click()
    await page.getByRole('combobox', { name: 'Class', exact: true }).press('Enter')
    await page.getByRole('option', { name: 'All classes' }).click()
    await chooseFolder('Copy into folders by class', 'copies')
    await page
      .getByText(/Copied 96 images/)
      .first()
      .waitFor()
    const copied = path.join(home, 'copies', 'flat-by-class')
    expect(readdirSync(copied).sort()).toEqual(kinds.map(({ name }) => name).sort())
    expect(readdirSync(copied).flatMap((kind) => readdirSync(path.join(copied, kind)))).toHaveLength(96)
    expect(readdirSync(flat)).toEqual(before)
  })

  it('renames a classifier and exports it with its classes, and removes none of an evaluation', async () => {
    await page.getByRole('button', { name: /^More for Tiny/ }).click()
    await page.getByText('Rename', { exact: true }).click()
    await page.getByRole('textbox', { name: 'Name' }).fill('Kinds')
    await page.keyboard.press('Enter')
    await page.getByRole('button', { name: 'More for Kinds' }).click()
    expect(await page.getByText('Remove', { exact: true }).count()).toBe(0)
    await page.getByText('Export as ONNX').click()
    await page.getByRole('dialog').getByText('copies', { exact: true }).click()
    await page.getByRole('button', { name: 'Choose this folder' }).click()
    const told = await page
      .getByText(/^Classifier exported: /)
      .first()
      .textContent({ timeout: 120_000 })
    const folder = told!.replace('Classifier exported: ', '').trim()
    const about = JSON.parse(readFileSync(path.join(folder, 'saim.json'), 'utf8')) as { classes: string[] }
    expect(about.classes).toEqual(kinds.map(({ name }) => name).sort())
  })

  it('names pictures that are dropped, of which nothing is copied', async () => {
    const data = readFileSync(path.join(flat, 'ant.png')).toString('base64')
    const drop = await page.evaluateHandle(`(() => {
      const bytes = Uint8Array.from(atob('${data}'), (letter) => letter.charCodeAt(0))
      const transfer = new DataTransfer()
      for (const name of ['one.png', 'two.png']) transfer.items.add(new File([bytes], name, { type: 'image/png' }))
      return transfer
    })()`)
    await page
      .getByRole('heading', { name: 'Predict', level: 1 })
      .dispatchEvent('drop', { dataTransfer: drop })
    await expect.poll(total, { timeout: 60_000 }).toContain('2 of 2 images')
    expect(await page.getByRole('button', { name: 'Copy into folders' }).count()).toBe(0)
  })
})
