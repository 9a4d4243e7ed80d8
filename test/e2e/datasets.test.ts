import { cpSync, renameSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { sampleImagesFolder } from '#platform/paths'
import { expectAccessible } from '#test/helpers/accessibility'
import { chromiumPath, type OpenedApp, openInBrowser } from '#test/helpers/hosts'
import { flags, saim, temporaryFolder } from '#test/helpers/runs'
import { strangeSizes } from '#test/helpers/type-scale'
import { addFolder, addSample, chooseTheme, go, openTab } from '#test/helpers/walk'

/** Data sets as a person looks through them: filters, keys, similar images, pairs, and folders that move. */
describe.runIf(chromiumPath)('data sets in the browser', () => {
  const home = temporaryFolder()
  const own = path.join(home, 'pictures')
  let app: OpenedApp
  let page: Page

  beforeAll(async () => {
    cpSync(path.join(sampleImagesFolder(), 'flags'), path.join(own, 'flags'), { recursive: true })
    cpSync(path.join(sampleImagesFolder(), 'food'), path.join(own, 'food'), { recursive: true })
    cpSync(path.join(own, 'flags/cn.png'), path.join(own, 'food/copy.png'))
    writeFileSync(path.join(own, 'food/broken.png'), 'no image')
    const model = { width: 32, depth: 2, heads: 2, 'query-depth': 2, epochs: 1, 'warmup-epochs': 0 }
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
    app = await openInBrowser(home, [home])
    page = app.page
  })
  afterAll(() => app?.close())
  afterEach(async ({ task }) => {
    if (task.result?.state === 'fail') await page.screenshot({ path: `test/output/datasets-${task.id}.png` })
  })

  const shown = () => page.getByRole('status').filter({ hasText: / of / }).first().textContent()
  const facet = (name: string) => page.getByRole('checkbox', { name: new RegExp(`^${name}`) })
  const option = (name: string) => page.getByRole('option', { name, exact: true })
  const grid = () => page.getByRole('listbox', { name: 'Images' })

  it('filters by class and problem, with counts that follow each other, and keeps both in the address', async () => {
    await go(page, 'Data sets')
    await addSample(page)
    await expect.poll(shown).toMatch(/495 of 495/)
    await facet('flags').check()
    await facet('food').check()
    await expect.poll(shown).toMatch(/128 of 495/)
    await page.getByRole('searchbox', { name: 'Name or class' }).fill('flag-l')
    await expect.poll(shown).toMatch(/^\s*[1-9] of 495/)
    await expect.poll(() => facet('food').locator('..').textContent()).toMatch(/food\s*0$/)
    await page.reload()
    await expect.poll(() => facet('flags').isChecked()).toBe(true)
    expect(await page.getByRole('searchbox', { name: 'Name or class' }).inputValue()).toBe('flag-l')
    await page.getByRole('button', { name: 'Clear', exact: true }).click()
    await expect.poll(shown).toMatch(/495 of 495/)
  })

  it('is walked, selected, excluded and enlarged by keys alone', async () => {
    await option('animals/ant.png').waitFor()
    await grid().focus()
    await page.keyboard.press('ArrowRight')
    await page.getByRole('heading', { name: 'baby_chick.png' }).waitFor()
    expect(page.url()).toContain('image=animals/baby_chick.png')
    await page.keyboard.press('Space')
    const dialog = page.getByRole('dialog', { name: 'animals/baby_chick.png' })
    await dialog.getByRole('img').waitFor()
    await page.keyboard.press('Escape')
    await dialog.waitFor({ state: 'hidden' })
    await grid().focus()
    await page.keyboard.press('Shift+ArrowRight')
    await page.getByText('2 selected').waitFor()
    await page.keyboard.press('x')
    await option('animals/badger.png, excluded').waitFor()
    await expect.poll(() => facet('Excluded').locator('..').textContent()).toMatch(/2$/)
    await facet('Excluded').check()
    await expect.poll(shown).toMatch(/2 of 495/)
    await option('animals/badger.png, excluded').click({ modifiers: ['Control'] })
    await option('animals/baby_chick.png, excluded').click({ modifiers: ['Control'] })
    await page
      .getByRole('toolbar')
      .getByRole('button', { name: /^Include/ })
      .click()
    await page.getByText('The filters hide all images.').waitFor()
    await page.getByRole('button', { name: 'Clear filters' }).click()
  })

  it('measures all images by a checkpoint: their loss, and what is similar to them', async () => {
    await option('animals/ant.png').click()
    await page
      .getByRole('button', { name: /^Measure 495 images/ })
      .first()
      .click()
    await page.getByText(/median \d\.\d{3}/).waitFor({ timeout: 60_000 })
    const similar = page.getByRole('region', { name: 'Similar images' })
    await expect.poll(() => similar.getByRole('listitem').count()).toBe(12)
    await page.waitForLoadState('networkidle')

    await page.getByRole('button', { name: /^Sort/ }).click()
    await page.getByText('Highest loss').click()
    await expect.poll(() => page.url()).toContain('sort=loss')
    await page.keyboard.press('s')
    await page.getByRole('button', { name: 'Clear filter: Similar to 1 image' }).waitFor()
    await expect.poll(shown).toMatch(/200 of 495/)
    await page.getByRole('button', { name: 'Clear filter: Similar to 1 image' }).click()
    await expectAccessible(page, 'Images')
  })

  it('says what to look at, and decides on pairs by B and X', async () => {
    await openTab(page, 'Quality')
    await page.getByRole('button', { name: 'Check images' }).click()
    await page.getByRole('heading', { name: 'Ready to train' }).waitFor({ timeout: 60_000 })
    await page.getByText(/clothing has 47 images, the others 64/).waitFor()
    const pairs = page.getByRole('region', { name: 'Review pairs' })
    const left = async () => Number(/of (\d+)/.exec((await pairs.getByRole('status').textContent())!)![1])
    await pairs.getByRole('status').waitFor()
    const before = await left()
    await page.waitForLoadState('networkidle')
    await page.keyboard.press('b')
    await expect.poll(left).toBe(before - 1)
    await page.keyboard.press('x')
    await expect.poll(left).toBe(before - 2)
    await page.getByRole('button', { name: 'Undo exclude' }).click()
    await expect.poll(left).toBe(before - 1)
  })

  it("shows identical copies and files that cannot be read of a folder of one's own", async () => {
    await go(page, 'Data sets')
    await addFolder(page, 'pictures')
    await openTab(page, 'Quality')
    await page.getByRole('button', { name: 'Check images' }).click()
    await page.getByText('food/broken.png').waitFor({ timeout: 60_000 })
    await page.getByRole('button', { name: 'Review: 1 identical copy' }).click()
    await page.getByText('Identical files').waitFor()
    await page.getByRole('button', { name: 'Exclude copies: 1 identical copy' }).click()
    await page.getByText('No identical copies').waitFor()
  })

  it('finds a folder again that moved, with what was excluded', async () => {
    const moved = path.join(home, 'moved')
    renameSync(own, moved)
    await go(page, 'Data sets')
    await page.reload()
    const card = page.getByRole('article', { name: 'pictures' })
    await card.getByText('Folder not found. Is the drive connected?').waitFor()
    await expectAccessible(page, 'Data sets, one lost')
    await card.getByRole('button', { name: 'Locate folder' }).click()
    await page.getByRole('dialog').getByText('moved', { exact: true }).click()
    await page.getByRole('button', { name: 'Choose this folder' }).click()
    await page.getByRole('heading', { name: 'pictures', level: 1 }).waitFor()
    await option('food/copy.png, excluded').or(page.getByText('Excluded').first()).first().waitFor()
    await expect.poll(() => facet('Excluded').locator('..').textContent()).toMatch(/1$/)
  })

  it('lists data sets as cards or as a table, and leads to a new run', async () => {
    await go(page, 'Data sets')
    expect(await page.getByRole('article').count()).toBe(2)
    await page.getByRole('searchbox', { name: 'Search data sets' }).fill('sample')
    await expect.poll(() => page.getByRole('article').count()).toBe(1)
    await page.getByRole('button', { name: 'Table' }).click()
    await page.getByRole('row', { name: /Sample images/ }).waitFor()
    await expectAccessible(page, 'Data sets, table')
    await page.getByRole('button', { name: 'Cards' }).click()
    await page.getByRole('article', { name: 'Sample images' }).getByRole('link', { name: 'Train' }).click()
    await expect.poll(() => page.url()).toMatch(/\/new\?dataset=d-/)
  })

  it('has no violation of level A or AA, and six sizes of type, in light and dark', async () => {
    for (const theme of ['Dark', 'Light'] as const) {
      await chooseTheme(page, theme)
      await go(page, 'Data sets')
      await page.waitForLoadState('networkidle')
      await expectAccessible(page, `${theme} data sets`)
      await page.getByRole('link', { name: 'Sample images' }).click()
      await option('animals/ant.png').click()
      for (const tab of ['Images', 'Quality', 'Runs']) {
        await openTab(page, tab)
        await page.waitForLoadState('networkidle')
        await expectAccessible(page, `${theme} ${tab}`)
        expect(await strangeSizes(page), tab).toEqual([])
      }
    }
  })
})
