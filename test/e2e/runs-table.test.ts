import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { expectAccessible } from '#test/helpers/accessibility'
import { chromiumPath, type OpenedApp, openInBrowser } from '#test/helpers/hosts'
import { makeRun } from '#test/helpers/made-runs'
import { temporaryFolder } from '#test/helpers/runs'

/** The table of runs: found, chosen, ordered and changed by pointer and keyboard. Nothing trains: the queue is held. */
describe.runIf(chromiumPath)('the table of runs', () => {
  const home = temporaryFolder()
  const folder = path.join(home, 'runs')
  let app: OpenedApp
  let page: Page

  const rows = () => page.locator('tr[data-row] a').allTextContents()
  const row = (name: string) => page.getByRole('row', { name: new RegExp(`Select ${name} `) })
  const open = async () => {
    await page.evaluate(`location.hash = '#/runs'`)
    await page.getByRole('heading', { name: 'Runs', level: 1 }).waitFor()
  }
  const clear = () => page.getByRole('button', { name: 'Clear selection' }).click()
  afterAll(() => app?.close())
  afterEach(async ({ task }) => {
    if (task.result?.state === 'fail' && page)
      await page.screenshot({ path: `test/output/runs-table-${task.id}.png` })
  })

  beforeAll(async () => {
    mkdirSync(folder)
    writeFileSync(path.join(home, 'queue.json'), JSON.stringify({ order: [], held: true }))
    const yesterday = new Date(Date.now() - 86_400_000).toISOString()
    const earlier = '2026-01-02T10:00:00.000Z'
    const made: Parameters<typeof makeRun>[1][] = [
      { name: 'Random order', loss: 0.42, knn: 0.597, file: { createdAt: yesterday } },
      { name: 'Raster order', loss: 0.29, knn: 0.59, changes: { order: 'raster' } },
      {
        name: 'No blur',
        loss: 0.52,
        knn: 0.577,
        changes: { blurSize: 0 },
        annotations: { tags: ['ablation'] },
      },
      { name: 'Flags nano', dataset: 'Flags', file: { createdAt: earlier } },
      {
        name: 'Rate 3.2e-2',
        steps: 80,
        loss: 4.9,
        file: {
          status: 'failed',
          error: { code: 'not-finite', message: 'The loss is no number.' },
          createdAt: earlier,
        },
      },
      ...['Next', 'Later', 'Last'].map((name) => ({ name, steps: 0, file: { status: 'queued' as const } })),
    ]
    for (const one of made) await makeRun(folder, one)
    app = await openInBrowser(home, [home])
    page = app.page
    await page.getByRole('heading', { level: 1 }).waitFor()
    await open()
    await row('Random order').waitFor()
  })

  it('shows the queue first, then days, with the best kNN and what failed in words', async () => {
    const heads = await page.locator('tr.group').allInnerTexts()
    expect(heads.map((text) => text.split(/\s/)[0])).toEqual(['Now', 'Today', 'Yesterday', 'Earlier'])
    expect((await rows()).slice(0, 3)).toEqual(['Next', 'Later', 'Last'])
    await row('Next').getByText('Queued, 1st').waitFor()
    await row('Rate 3.2e-2').getByText('Diverged').waitFor()
    expect(await page.locator('td.best').allInnerTexts()).toEqual([expect.stringContaining('59.7')])
    await row('Flags nano').getByText('–').waitFor()
    await row('Random order').locator('svg path').first().waitFor()
    await expectAccessible(page, 'Runs')
  })

  it('orders the queue by keyboard and by dragging, and keeps it', async () => {
    await row('Last').getByRole('link').focus()
    await page.keyboard.press('Alt+ArrowUp')
    await expect.poll(async () => (await rows()).slice(0, 3)).toEqual(['Next', 'Last', 'Later'])
    await row('Next').dragTo(row('Later'))
    await expect.poll(async () => (await rows()).slice(0, 3)).toEqual(['Last', 'Later', 'Next'])
    await row('Next').getByRole('button', { name: 'More for Next' }).click()
    await page.getByRole('menu').or(page.locator('.v-menu')).getByText('Move up').click()
    await expect.poll(async () => (await rows()).slice(0, 3)).toEqual(['Last', 'Next', 'Later'])
    await page.reload()
    await row('Last').getByText('Queued, 1st').waitFor()
  })

  it('selects by keyboard, Ctrl, Shift and box, and compares with C', async () => {
    await row('Raster order').getByRole('link').focus()
    await page.keyboard.press('Space')
    await page.keyboard.press('Shift+ArrowDown')
    await page.getByText('2 selected').waitFor()
    await page.keyboard.press('Escape')
    await page.getByText('2 selected').waitFor({ state: 'hidden' })
    await row('No blur').click({ modifiers: ['Control'] })
    await row('Flags nano').click({ modifiers: ['Shift'] })
    await page.getByText('4 selected').waitFor()
    await row('Flags nano').getByRole('checkbox').click()
    await page.getByText('3 selected').waitFor()
    await expectAccessible(page, 'selected runs')
    await page.keyboard.press('c')
    await page.getByRole('heading', { name: 'Compare', level: 1 }).waitFor()
    await page.goBack()
    await page.getByText('3 selected').waitFor()
    await clear()
  })

  it('finds by words and filters, and says when they hide everything', async () => {
    await page.keyboard.press('/')
    await page.keyboard.type('flags')
    await page.getByText('1 run', { exact: true }).waitFor()
    expect(await rows()).toEqual(['Flags nano'])
    await page.getByRole('button', { name: 'Filter by Status' }).click()
    await page.getByRole('checkbox', { name: 'Finished' }).check()
    await page.keyboard.press('Escape')
    await page.getByRole('searchbox', { name: 'Search runs' }).fill('rate')
    await page.getByText('No run matches').waitFor()
    await page.getByRole('button', { name: 'Clear filters' }).click()
    await page.getByText('8 runs').waitFor()
  })

  it('tags, archives and shows the archive, and removes with a way back', async () => {
    await row('No blur').getByRole('checkbox').click()
    await page.keyboard.press('t')
    await page.getByRole('combobox', { name: 'Tags' }).fill('best')
    await page.keyboard.press('Enter')
    await page.getByRole('button', { name: 'Save' }).click()
    await row('No blur').getByText('best').waitFor()
    await row('No blur').getByText('ablation').waitFor()
    await page.keyboard.press('e')
    await row('No blur').waitFor({ state: 'hidden' })
    await page.getByRole('button', { name: 'Archived' }).click()
    await row('No blur').getByRole('checkbox').click()
    await page.keyboard.press('Delete')
    await page.getByText('No archived runs').waitFor()
    await page.getByRole('button', { name: 'Undo' }).last().click() // the newest message stands last
    await row('No blur').waitFor()
    await row('No blur').getByRole('checkbox').click()
    await page.keyboard.press('Delete')
    await page.getByText('No archived runs').waitFor()
    await page.getByRole('button', { name: 'All', exact: true }).click()
  })

  it('keeps columns, sorting and grouping, and gives the rows as a file', async () => {
    await page.getByRole('button', { name: 'Columns' }).click()
    await page.getByRole('checkbox', { name: 'Model' }).uncheck()
    await page.getByRole('checkbox', { name: 'Blur size' }).check()
    await page.keyboard.press('Escape')
    await page.getByRole('button', { name: 'Group: Date' }).click()
    await page.getByText('None', { exact: true }).click()
    await page.getByRole('button', { name: 'Loss', exact: true }).click()
    await page.reload()
    await row('Rate 3.2e-2').waitFor()
    await page.getByRole('columnheader', { name: 'Blur size' }).waitFor()
    expect(await page.getByRole('columnheader', { name: 'Model' }).count()).toBe(0)
    expect((await rows()).slice(3)).toEqual(['Rate 3.2e-2', 'Flags nano', 'Random order', 'Raster order'])
    const loaded = page.waitForEvent('download')
    await page.getByRole('button', { name: 'Download as CSV' }).click()
    const text = readFileSync(await (await loaded).path(), 'utf8')
    expect(text).toMatch(/^Name,Status,Data set,Epochs,Loss,.*Blur size\n/)
    expect(text.split('\n')).toHaveLength(9) // a head, seven runs and the end
  })

  it('opens a row by Enter and by a click, and comes back', async () => {
    await row('Raster order').getByRole('link').focus()
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'Raster order', level: 1 }).waitFor()
    await open()
    await row('Flags nano').getByText('Finished').click()
    await page.getByRole('heading', { name: 'Flags nano', level: 1 }).waitFor()
  })

  it('orders what is up next on Home by dragging', async () => {
    const waiting = () => page.getByRole('region', { name: 'Up next' }).getByRole('link').allTextContents()
    await page.evaluate(`location.hash = '#/'`)
    await expect.poll(async () => (await waiting()).length).toBeGreaterThan(1)
    const [first, ...others] = await waiting()
    const line = (name: string) =>
      page.getByRole('region', { name: 'Up next' }).getByRole('listitem').filter({ hasText: name })
    await line(first!).dragTo(line(others.at(-1)!))
    await expect.poll(waiting).toEqual([...others, first])
    await page.reload()
    await expect.poll(waiting).toEqual([...others, first])
  })

  it('shows a path in the folder dialog from left to right, though cut at its beginning', async () => {
    await page.evaluate(`location.hash = '#/datasets'`)
    await page
      .getByRole('button', { name: /^Add folder/ })
      .first()
      .click()
    const dialog = page.getByRole('dialog')
    await dialog.getByText(path.basename(home)).click()
    await dialog.getByText(home, { exact: true }).waitFor()
    const lefts = await page.evaluate<number[]>(`(() => {
      const shown = document.querySelector('.v-dialog .v-card-subtitle')
      const text = document.createTreeWalker(shown, NodeFilter.SHOW_TEXT, {
        acceptNode: ({ data }) => (data.includes('/') ? NodeFilter.FILTER_ACCEPT : NodeFilter.FILTER_SKIP),
      }).nextNode()
      const range = document.createRange()
      return Array.from(text.data.trimEnd(), (_, i) => {
        range.setStart(text, i)
        range.setEnd(text, i + 1)
        return range.getBoundingClientRect().left
      })
    })()`)
    expect(lefts).toEqual([...lefts].sort((a, b) => a - b))
    expect(new Set(lefts).size).toBeGreaterThan(5)
  })
})
