import path from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, it } from 'vitest'
import { expectAccessible } from '#test/helpers/accessibility'
import { chromiumPath, type OpenedApp, openInBrowser, picture } from '#test/helpers/hosts'
import { hasPython, python, requirePythonInCi } from '#test/helpers/python'
import { makeImages, temporaryFolder } from '#test/helpers/runs'
import { addFolder, go, openTab } from '#test/helpers/walk'

requirePythonInCi()

/** A run that workers of torchrun train is started, watched, stopped and taken over like any other. */
describe.runIf(chromiumPath && hasPython)('a run by workers, in the browser', () => {
  const home = temporaryFolder()
  const images = path.join(home, 'photos')
  let app: OpenedApp
  let page: Page

  beforeAll(async () => {
    process.env['SAIM_PYTHON'] = python
    await makeImages(images, 40)
    app = await openInBrowser(home, [home])
    page = app.page
  })
  afterAll(async () => {
    await app?.close()
    delete process.env['SAIM_PYTHON']
  })
  afterEach(async ({ task }) => {
    if (task.result?.state === 'fail' && page)
      await page.screenshot({ path: `test/output/cluster-${task.id}.png` })
  })

  it('is asked for in the form of a new run', async () => {
    await addFolder(page, 'photos')
    await go(page, 'New run')
    await page.getByLabel('Epochs', { exact: true }).fill('1000')
    await page.getByRole('button', { name: 'All settings' }).click()
    await page.getByRole('combobox', { name: 'Train on' }).click({ force: true })
    await page.getByRole('option', { name: 'torchrun workers' }).click()
    await page.getByLabel('Workers', { exact: true }).fill('two')
    await page.getByText('A whole number, 1 or more.').waitFor()
    await page.getByLabel('Workers', { exact: true }).fill('2')
    await page.getByRole('row', { name: /^Workers/ }).scrollIntoViewIfNeeded()
    await expectAccessible(page, 'where a run is trained')
    await picture(page, 'cluster-form')
    await page.getByRole('button', { name: 'Start training' }).click()
  })

  it('is seen live, stopped, and goes on on this machine', async () => {
    await page.getByRole('img', { name: /^Loss\. .*latest \d/ }).waitFor({ timeout: 120_000 })
    await openTab(page, 'Settings')
    await page.getByText('torchrun, up to 2 workers').waitFor()
    await openTab(page, 'Log')
    await page.getByText(/Workers: .* process \d+, .* process \d+\./).waitFor()
    await openTab(page, 'Overview')
    await page.getByRole('button', { name: 'Stop', exact: true }).click()
    await page
      .getByRole('button', { name: /^Resume/ })
      .first()
      .waitFor({ timeout: 60_000 })
    await expectAccessible(page, 'a stopped run of workers')
    await page.getByRole('button', { name: 'More' }).click()
    await page.getByText('Resume on this machine').click()
    await openTab(page, 'Log')
    await page.getByText(/Goes on from the checkpoint of step [1-9]/).waitFor({ timeout: 60_000 })
    await openTab(page, 'Settings')
    await page.getByRole('row', { name: /^Engine ONNX Runtime, CPU/ }).waitFor()
    await page.getByRole('button', { name: 'Pause' }).click()
    await page.getByRole('button', { name: 'Resume', exact: true }).waitFor({ timeout: 60_000 })
  })
})
