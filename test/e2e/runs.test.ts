import { readdirSync, renameSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { lockOwner } from '#storage/lock'
import { runPaths } from '#storage/run/run-folder'
import { expectAccessible } from '#test/helpers/accessibility'
import { chromiumPath, type OpenedApp, openInBrowser, picture } from '#test/helpers/hosts'
import { makeImages, temporaryFolder } from '#test/helpers/runs'
import { addFolder, go, openRun, startRun } from '#test/helpers/walk'

/** What a person sees of the queue, of crashes and of what can be done about them. */
describe.runIf(chromiumPath)('runs in the browser', () => {
  const home = temporaryFolder()
  const images = path.join(home, 'photos')
  let app: OpenedApp
  let page: Page

  const folderOf = (name: string) => {
    const runs = path.join(home, 'runs')
    return path.join(
      runs,
      readdirSync(runs).find((id) => id.startsWith(name))!,
    )
  }
  afterAll(() => app?.close())
  afterEach(async ({ task }) => {
    if (task.result?.state === 'fail' && page)
      await page.screenshot({ path: `test/output/runs-${task.id}.png` })
  })

  it('puts runs into a queue and changes their order by the keyboard', async () => {
    await makeImages(images, 40)
    // Images that are kept in memory would not be missed when they move.
    writeFileSync(path.join(home, 'settings.json'), JSON.stringify({ cache: 0 }))
    app = await openInBrowser(home, [home])
    page = app.page
    await addFolder(page, 'photos')
    for (const name of ['first', 'second', 'third']) await startRun(page, { name, epochs: 3000 })
    await page.getByText('Waiting in the queue: 2 of 2').waitFor()
    await go(page, 'Runs')
    await page.getByRole('table').getByRole('link', { name: 'third' }).focus()
    await page.keyboard.press('Alt+ArrowUp')
    await expect
      .poll(() => page.getByRole('table').getByRole('link').allTextContents())
      .toEqual(['first', 'third', 'second'])
    await picture(page, 'queue')
    await expectAccessible(page, 'the queue')
  })

  it('says that a process was killed, goes on with the next and resumes the first with its seam marked', async () => {
    await openRun(page, 'first')
    await page.getByRole('img', { name: /^Loss\. .*latest \d/ }).waitFor({ timeout: 60_000 })
    process.kill((await lockOwner(runPaths(folderOf('first')).lock))!.pid, 'SIGKILL')
    await page.getByText('The process ended unexpectedly: it was killed').waitFor({ timeout: 30_000 })
    await expectAccessible(page, 'a run whose process was killed')
    await go(page, 'Runs')
    await page.getByRole('row', { name: /third.*Training/ }).waitFor({ timeout: 60_000 })
    await openRun(page, 'third')
    await page.getByText(/step \d{2,} of 6,000/).waitFor({ timeout: 60_000 })
    await page.getByRole('button', { name: 'Pause' }).click()
    await page
      .getByRole('button', { name: /^Resume/ })
      .first()
      .waitFor({ timeout: 60_000 })
    await go(page, 'Runs')
    // Pausing held the queue, so that the machine stays free; what is resumed trains before those that wait.
    await page.getByText('Queue on hold.').waitFor()
    await openRun(page, 'third')
    await page
      .getByRole('button', { name: /^Resume/ })
      .first()
      .click()
    await go(page, 'Runs')
    await page.getByRole('row', { name: /third.*Training/ }).waitFor({ timeout: 60_000 })
    await page.getByRole('row', { name: /second.*Queued, 1st/ }).waitFor()
    await openRun(page, 'third')
    await page.getByRole('img', { name: /^Loss\. .*Resumed/ }).waitFor({ timeout: 60_000 })
    await page.getByText(/step ([2-9]\d|[\d,]{3,}) of 6,000/).waitFor({ timeout: 60_000 })
    await picture(page, 'seam')
    await expectAccessible(page, 'a run with a seam')
  })

  it('survives the application: what waited still waits, what was trained goes on first', async () => {
    await app.close()
    app = await openInBrowser(home, [home])
    page = app.page
    await go(page, 'Runs')
    await page.getByRole('row', { name: /third.*Training/ }).waitFor({ timeout: 60_000 })
    await page.getByRole('row', { name: /second.*Queued, 1st/ }).waitFor()
    await page.getByRole('button', { name: 'More for second' }).click()
    await page.getByText('Remove from queue').click()
    await page.getByRole('row', { name: /second.*Stopped/ }).waitFor()
  })

  it('says where it misses the images and goes on where they are now', async () => {
    await openRun(page, 'third')
    await page.getByRole('img', { name: /^Loss\. .*latest \d/ }).waitFor({ timeout: 60_000 })
    renameSync(images, path.join(home, 'moved'))
    const button = page.getByRole('button', { name: 'Locate images' })
    await button.waitFor({ timeout: 60_000 })
    await picture(page, 'images-moved')
    await expectAccessible(page, 'a run whose images are gone')
    await button.click()
    await page.getByRole('dialog').getByText('moved', { exact: true }).click()
    await page.getByRole('button', { name: 'Choose this folder' }).click()
    await page.getByRole('button', { name: 'Stop', exact: true }).waitFor({ timeout: 60_000 })
  })

  it('begins a new run from these weights, and thins out checkpoints', async () => {
    await page.getByRole('button', { name: 'Stop', exact: true }).click()
    await page
      .getByRole('button', { name: /^Resume/ })
      .first()
      .waitFor({ timeout: 60_000 })
    await page.getByRole('button', { name: 'More' }).click()
    await page.getByText('New run from these weights').click()
    await page.getByText(/Starts from the newest weights of “third”/).waitFor()
    await expectAccessible(page, 'the form of a run from weights')
    await go(page, 'Machine')
    await page.getByRole('button', { name: 'Clean up' }).first().click()
    await page.getByRole('button', { name: /^Free \d/ }).click()
    await page
      .getByText(/Freed \d/)
      .first()
      .waitFor()
    await expectAccessible(page, 'disk use')
  })
})
