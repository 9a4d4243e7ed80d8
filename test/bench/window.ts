/**
 * `npm run bench -- window [runs,runs]`: how soon the window can be used in a browser, how much JavaScript it loads for that,
 * and what scrolling tables of many runs costs in a frame: our own script, styles and layout, as Chromium counts them.
 */
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { cpus, loadavg, tmpdir } from 'node:os'
import path from 'node:path'
import { gzipSync } from 'node:zlib'
import type { CDPSession, Page } from 'playwright-core'
import { openInBrowser } from '#test/helpers/hosts'
import { makeRun } from '#test/helpers/made-runs'
import { median } from './median'

const sizes = (process.argv[2] ?? '1000,10000').split(',').map(Number)
/** Frames that are measured for each way of scrolling, and pixels in each: a wheel, and a drag of the scroll bar. */
const frames = 150
const ways = { wheel: 120, drag: 2400 }
/** Runs that differ; the others are copies under other names. */
const different = 20

async function main(): Promise<void> {
  console.log(`${cpus().length} cores of ${cpus()[0]!.model}, load ${loadavg()[0]!.toFixed(1)}`)
  const home = mkdtempSync(path.join(tmpdir(), 'saim-bench-'))
  try {
    await first(home)
    for (const size of sizes) {
      await makeRuns(path.join(home, 'runs'), size)
      await scrolls(home, size)
    }
  } finally {
    rmSync(home, { recursive: true, force: true })
  }
}

/** The first page of somebody new, loaded several times. */
async function first(home: string): Promise<void> {
  const { page, close } = await openInBrowser(home, [home])
  const [painted, usable]: number[][] = [[], []]
  for (let i = 0; i < 5; i++) {
    await page.reload({ waitUntil: 'commit' })
    await page.getByRole('heading', { level: 1 }).waitFor()
    const [paint, now] = (await page.evaluate(
      `[performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? NaN, performance.now()]`,
    )) as [number, number]
    painted!.push(paint)
    usable!.push(now)
  }
  const loaded = (await page.evaluate(
    `performance.getEntriesByType('resource').map(({ name }) => new URL(name).pathname)`,
  )) as string[]
  const scripts = [...new Set(loaded)].filter((name) => name.endsWith('.js'))
  const bytes = scripts.map((name) => readFileSync(path.join('out/renderer', name)))
  const [plain, zipped] = [bytes, bytes.map((one) => gzipSync(one))].map((all) =>
    (all.reduce((sum, { length }) => sum + length, 0) / 1000).toFixed(0),
  )
  console.log(`First paint ${ms(median(painted!))}, usable ${ms(median(usable!))} (medians of 5 loads)`)
  console.log(`Initial JavaScript: ${scripts.length} files, ${plain} kB, gzipped ${zipped} kB`)
  await close()
}

async function scrolls(home: string, size: number): Promise<void> {
  const { page, close } = await openInBrowser(home, [home])
  await page.getByRole('heading', { level: 1 }).waitFor()
  const begin = performance.now()
  await page.evaluate(`location.hash = '#/runs'`)
  await page.locator('tr[data-row]').nth(15).waitFor()
  console.log(`${size} runs: table drawn after ${ms(performance.now() - begin)}`)
  await page.waitForTimeout(2000)
  const session = await page.context().newCDPSession(page)
  // Time of its own thread, whatever else the machine does.
  await session.send('Performance.enable', { timeDomain: 'threadTicks' })
  for (const [way, pixels] of Object.entries(ways)) {
    const costs: number[] = []
    for (let i = 0; i < frames; i++) costs.push(await costOf(page, session, pixels))
    const sorted = costs.sort((a, b) => a - b)
    const at = (share: number) => ms(sorted[Math.min(frames - 1, Math.floor(share * frames))]!)
    console.log(`${size} runs, ${way}: a frame ${at(0.5)}, 95% below ${at(0.95)}, worst ${at(1)}`)
  }
  await close()
}

/** Milliseconds of script, styles and layout that scrolling by some pixels takes until the next frame is drawn. */
async function costOf(page: Page, session: CDPSession, pixels: number): Promise<number> {
  const before = await spent(session)
  await page.evaluate(`new Promise((done) => {
    const pane = document.querySelector('.data-table')
    const end = pane.scrollTop + pane.clientHeight >= pane.scrollHeight - 1
    pane.scrollTop = end ? 0 : pane.scrollTop + ${pixels}
    requestAnimationFrame(() => requestAnimationFrame(done))
  })`)
  return (await spent(session)) - before
}

async function spent(session: CDPSession): Promise<number> {
  const { metrics } = await session.send('Performance.getMetrics')
  const names = ['ScriptDuration', 'LayoutDuration', 'RecalcStyleDuration']
  return 1000 * metrics.filter(({ name }) => names.includes(name)).reduce((sum, { value }) => sum + value, 0)
}

async function makeRuns(folder: string, size: number): Promise<void> {
  mkdirSync(folder, { recursive: true })
  for (let i = readdirSync(folder).length; i < different; i++)
    await makeRun(folder, {
      name: `Run ${i}`,
      steps: 60,
      knn: 0.4 + i / 100,
      annotations: { tags: ['bench'] },
    })
  const made = readdirSync(folder).slice(0, different)
  for (let i = readdirSync(folder).length; i < size; i++)
    cpSync(path.join(folder, made[i % different]!), path.join(folder, `copy-${i}`), { recursive: true })
}

const ms = (value: number) => `${value.toFixed(value < 20 ? 1 : 0)} ms`

void main()
