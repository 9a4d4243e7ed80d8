import { cpSync, mkdirSync } from 'node:fs'
import path from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { chromiumPath, type OpenedApp, openInBrowser } from '#test/helpers/hosts'
import { saim, temporaryFolder } from '#test/helpers/runs'

/** The first page of somebody who has neither images nor runs. */
describe.runIf(chromiumPath)('Welcome', () => {
  const [home, other] = [temporaryFolder(), temporaryFolder()]
  let app: OpenedApp
  let page: Page
  afterAll(() => app?.close())
  afterEach(async ({ task }) => {
    if (task.result?.state === 'fail' && page)
      await page.screenshot({ path: `test/output/welcome-${task.id}.png` })
  })

  it('imports a checkpoint, and gives the run images where there are none', async () => {
    mkdirSync(path.join(other, 'runs'))
    cpSync('test/fixtures/run-0.1', path.join(other, 'runs', 'a-run'), { recursive: true })
    const exported = await saim(
      ['export', 'a-run', '--format', 'safetensors', '--out', path.join(home, 'given')],
      other,
    )
    expect(exported, exported.output).toMatchObject({ code: 0 })
    const file = path.join(/^Written: (.+)$/m.exec(exported.output)![1]!, 'model.safetensors')
    app = await openInBrowser(home, [home])
    page = app.page
    await page.getByText('Drop a folder here').waitFor()
    await page.getByRole('link', { name: 'Import a checkpoint' }).click()
    const dialog = page.getByRole('dialog', { name: 'Import checkpoint' })
    await dialog.getByLabel('File (.pth or .safetensors)').fill(file)
    const start = dialog.getByRole('button', { name: 'Import', exact: true })
    expect(await start.isDisabled()).toBe(true)
    await dialog.getByRole('button', { name: 'Use sample images' }).click()
    await dialog.getByLabel('Data set of the run').waitFor()
    await start.click()
    await dialog.getByText(/Imported \d+ weights/).waitFor({ timeout: 30_000 })
    await dialog.getByRole('link').click()
    await page.getByRole('button', { name: 'Resume' }).waitFor()
    expect(page.url()).toMatch(/#\/runs\/[\w-]+$/)
  })
})
