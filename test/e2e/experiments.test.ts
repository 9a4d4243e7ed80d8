import path from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { expectAccessible } from '#test/helpers/accessibility'
import { chromiumPath, type OpenedApp, openInBrowser, picture } from '#test/helpers/hosts'
import { makeImages, temporaryFolder } from '#test/helpers/runs'
import { addFolder, chooseTheme, go } from '#test/helpers/walk'

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
    await page.getByText('3 runs').waitFor() // SAIM, ViT-iGPT, MAE
    await fill('Seeds', '2')
    await page.getByText('6 runs').waitFor()
    await fill('Seeds', '1')
    await page.getByRole('combobox', { name: 'Comparison' }).click({ force: true })
    await page.getByRole('option', { name: 'Custom settings' }).click()
    await fill('Values 1', 'stochastic')
    await page.getByText('There is nothing to compare.').waitFor()
    expect(await page.getByRole('button', { name: 'Add to the queue' }).isDisabled()).toBe(true)
  })

  it('trains and asks each variant, also when the application ended in between', async () => {
    await page.getByRole('combobox', { name: 'Comparison' }).click({ force: true })
    await page.getByRole('option', { name: 'Objective: SAIM, ViT-iGPT, MAE' }).click()
    await fill('Epochs', '2')
    await fill('Held out for validation', '0.25')
    await fill('Name', 'Which objective')
    await page.getByRole('button', { name: 'Add to the queue' }).click()
    await page.getByRole('heading', { name: 'Which objective', level: 1 }).waitFor({ timeout: 60_000 })
    await page.getByRole('row', { name: /objective mae.*queued/ }).waitFor()
    await app.close()
    app = await openInBrowser(home, [home])
    page = app.page
    await go(page, 'Experiments')
    await page.getByRole('link', { name: 'Which objective', exact: true }).click()
    for (const objective of ['saim', 'igpt', 'mae'])
      await page
        .getByRole('row', {
          name: new RegExp(`objective ${objective} [\\d.]+ [\\d.]+( [\\d.]+ %){5}.*finished`),
        })
        .waitFor({ timeout: 120_000 })
    await page.getByText('3 of 3 runs finished').waitFor()
    await page.getByRole('row', { name: /objective igpt .*82\.7%.*20\.4%/ }).waitFor()
    await page.getByText('Scale and metric differ').waitFor()
    await expect
      .poll(() => page.getByRole('img', { name: /kNN top-1\. objective saim: \d.*mae: \d/ }).count(), {
        timeout: 60_000,
      })
      .toBe(1)
    await picture(page, 'experiment')
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

  it('is removed without its runs', async () => {
    await page.getByRole('button', { name: 'Remove' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click()
    await go(page, 'Experiments')
    expect(await page.getByRole('link', { name: 'Which objective', exact: true }).count()).toBe(0)
    await go(page, 'Runs')
    await page.getByRole('row', { name: /Which objective: objective mae.*Finished/ }).waitFor()
  })
})
