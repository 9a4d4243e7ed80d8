import { readFileSync } from 'node:fs'
import path from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { expectAccessible } from '#test/helpers/accessibility'
import { chromiumPath, type OpenedApp, openInBrowser } from '#test/helpers/hosts'
import { makeImages, temporaryFolder } from '#test/helpers/runs'
import { addFolder, chooseTheme, go, quick } from '#test/helpers/walk'

/** A sweep as a person makes it: from the form over the queue, and over a restart, to a table and a chart. */
describe.runIf(chromiumPath)('experiments in the browser', () => {
  const home = temporaryFolder()
  let app: OpenedApp
  let page: Page

  const fill = (label: string, value: string) => page.getByLabel(label, { exact: true }).fill(value)
  afterAll(() => app?.close())
  afterEach(async ({ task }) => {
    if (task.result?.state === 'fail' && page)
      await page.screenshot({ path: `test/output/experiments-${task.id}.png` })
  })

  it('asks for images first', async () => {
    await makeImages(path.join(home, 'photos'), 24)
    app = await openInBrowser(home, [home])
    page = app.page
    await go(page, 'Experiments')
    await page.getByText('Add images first').waitFor()
  })

  it('counts the runs that a form makes, and says what does not fit', async () => {
    await go(page, 'Data sets')
    await addFolder(page, 'photos')
    await go(page, 'Experiments')
    await page.getByRole('button', { name: /^Objective/ }).click()
    await page.getByText('9: 3 variants × 3 seeds').waitFor() // SAIM, ViT-iGPT, MAE
    await fill('Seeds', '1')
    await page.getByText('3: 3 variants × 1 seed').waitFor()
    await page.getByRole('radio', { name: 'Your own' }).check()
    await page.getByText('2: 2 variants × 1 seed').waitFor()
    await page.getByRole('button', { name: 'Add variant' }).click()
    await page.getByText('Raster order stands there twice.').waitFor()
    expect(await page.getByRole('button', { name: /^Add 0 runs/ }).isDisabled()).toBe(true)
    await page.getByRole('button', { name: 'Remove variant 3' }).click()
    await page.getByRole('radio', { name: 'Blur' }).check()
    await page.getByRole('textbox', { name: 'Blur size of variant 1' }).fill('5')
    await page.getByRole('row', { name: /^Blur 5 px/ }).waitFor()
    await expectAccessible(page, 'a new experiment')
  })

  it('trains and scores each variant and random weights, also when the application ended in between', async () => {
    await page.getByRole('radio', { name: 'Objective' }).check()
    await fill('Epochs', '2')
    await page.getByRole('button', { name: /^All settings/ }).click()
    for (const [label, value] of Object.entries(quick)) await fill(label, String(value))
    await page.getByRole('button', { name: 'Hold out 20%' }).click()
    await page.getByText(/a difference below about \d+ points can be chance/).waitFor()
    await fill('Name of the experiment', 'Which objective')
    await page.getByRole('button', { name: 'Add 3 runs to queue' }).click()
    await page.getByRole('heading', { name: 'Which objective', level: 1 }).waitFor({ timeout: 60_000 })
    await page.getByRole('link', { name: 'Seed 0 of MAE: queued' }).waitFor()
    await app.close()
    app = await openInBrowser(home, [home])
    page = app.page
    await go(page, 'Experiments')
    await page.getByRole('link', { name: 'Which objective', exact: true }).click()
    for (const name of ['SAIM', 'ViT-iGPT', 'MAE', 'Random weights'])
      await page
        .getByRole('row', { name: new RegExp(`^${name}( mean \\d.*?[\\d.]+){2}`) })
        .waitFor({ timeout: 120_000 })
    await page.getByText('Finished', { exact: true }).waitFor()
    await page.getByRole('row', { name: /^ViT-iGPT .*82\.7 20\.4/ }).waitFor()
    await page.getByText('Scale and metric differ').waitFor()
    await page.getByText(/learns more\.|No clear winner\./).waitFor()
    await page.getByText('different tasks, do not compare').waitFor()
    await page.getByRole('img', { name: /^Loss\. SAIM: .*ViT-iGPT: .*MAE: latest/ }).waitFor()
    await page.getByRole('img', { name: 'Image 1 by MAE' }).waitFor()
  })

  it('compares its runs', async () => {
    await page.getByRole('link', { name: 'Open in Compare' }).click()
    await page.getByRole('heading', { name: 'Compare', level: 1 }).waitFor()
    await page.getByRole('row', { name: /^Objective SAIM ViT-iGPT MAE/ }).waitFor()
    await page.getByText(/the task, so these losses cannot be compared/).waitFor()
    const spoken = /^Loss\. SAIM, seed 0: .*ViT-iGPT, seed 0: .*MAE, seed 0: /
    await page.getByRole('img', { name: spoken }).waitFor()
    await page.getByRole('button', { name: 'Hide the lines of MAE, seed 0' }).click()
    await expect.poll(() => page.getByRole('img', { name: spoken }).count()).toBe(0)
    await page.getByRole('img', { name: /^Image 1 at step \d+ by MAE/ }).waitFor()
    await expectAccessible(page, 'Compare')
    await page.getByRole('button', { name: 'Remove MAE, seed 0' }).click()
    await page.getByRole('row', { name: /^Objective SAIM ViT-iGPT$/ }).waitFor()
    const saved = page.waitForEvent('download')
    await page.getByRole('button', { name: 'Save as report' }).click()
    const report = readFileSync(await (await saved).path(), 'utf8')
    expect(report).toContain('<th>Objective</th><td>SAIM</td><td><b>ViT-iGPT</b></td>')
    expect(report.match(/<img src="data:image\/png/g)!.length).toBeGreaterThan(3)
    await page.goBack()
  })

  it('adds seeds, and says how each did beside the same seed of the other', async () => {
    await page.getByRole('button', { name: 'Add seeds' }).click()
    await page.getByRole('dialog').getByText('3 runs are added to the queue.').waitFor()
    await page.getByRole('dialog').getByRole('button', { name: 'Add seeds' }).click()
    await page.getByRole('link', { name: 'Seed 1 of MAE: finished' }).waitFor({ timeout: 120_000 })
    await expect
      .poll(() => page.getByText(/^\d of 4 differences are above zero|^All 4 differences/).count(), {
        timeout: 60_000,
      })
      .toBe(1)
  })

  it('is accessible in light and dark', async () => {
    for (const theme of ['Dark', 'Light'] as const) {
      await chooseTheme(page, theme)
      await go(page, 'Experiments')
      await expectAccessible(page, `${theme} Experiments`)
      await page.getByRole('link', { name: 'Which objective', exact: true }).click()
      await page.getByRole('heading', { name: 'Which objective', level: 1 }).waitFor()
      await expectAccessible(page, `${theme} experiment`)
    }
  })

  it('is deleted without its runs', async () => {
    await page.getByRole('button', { name: 'More' }).click()
    await page.getByText('Delete', { exact: true }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click()
    await page.getByRole('heading', { name: 'Experiments', level: 1 }).waitFor()
    expect(await page.getByRole('link', { name: 'Which objective', exact: true }).count()).toBe(0)
    await go(page, 'Runs')
    await page.getByRole('row', { name: /MAE, seed 0.*Finished/ }).waitFor()
  })
})
