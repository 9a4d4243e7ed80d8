/**
 * `npm run bench -- window [parts]`: what the window costs, each part by its name, and all without one: `start`, how soon it can
 * be used in a browser and how much JavaScript that loads; `package`, the same of the packaged window; `scroll` and
 * `scroll-more`, what tables of 1,000 and 10,000 runs cost in a frame; `estimate`, how long What you will get takes; `live`,
 * what the page of a run costs that trains. Costs are those of the window's own threads, whatever else the machine does.
 */
import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { cpus, loadavg, tmpdir } from 'node:os'
import path from 'node:path'
import { gzipSync } from 'node:zlib'
import type { Page } from 'playwright-core'
import { electronPath, openInBrowser, openPackaged } from '#test/helpers/hosts'
import { makeRun } from '#test/helpers/made-runs'
import { addSample, go, startRun } from '#test/helpers/walk'
import { median } from './median'

/** Frames that are measured for each way of scrolling, and pixels in each: a wheel, and a drag of the scroll bar. */
const frames = 150
const ways = { wheel: 120, drag: 2400 }
/** Runs that differ; the others are copies under other names. */
const different = 20
/** Seconds of a training that are looked at. */
const watched = 60

const parts: Record<string, (home: string) => Promise<void>> = {
  start,
  package: packaged,
  scroll: (home) => scrolls(home, 1000),
  'scroll-more': (home) => scrolls(home, 10_000),
  estimate,
  live,
}

async function main(): Promise<void> {
  for (const name of process.argv.length > 2 ? process.argv.slice(2) : Object.keys(parts)) {
    const home = mkdtempSync(path.join(tmpdir(), 'saim-bench-'))
    console.log(`${name}: ${cpus().length} cores of ${cpus()[0]!.model}, load ${loadavg()[0]!.toFixed(1)}`)
    try {
      await parts[name]!(home)
    } finally {
      rmSync(home, { recursive: true, force: true })
    }
  }
}

/** The first page of somebody new, then that of somebody with a run, each loaded several times. */
async function start(home: string): Promise<void> {
  for (const name of ['Welcome', 'Home']) {
    if (name === 'Home') await makeRuns(path.join(home, 'runs'), 1)
    const { page, close } = await openInBrowser(home, [home])
    const [painted, usable]: number[][] = [[], []]
    for (let i = 0; i < 5; i++) {
      await page.reload({ waitUntil: 'commit' })
      await page.getByRole('heading', { level: 1 }).waitFor({ state: 'attached' })
      const [paint, now] = (await page.evaluate(
        `[performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? NaN, performance.now()]`,
      )) as [number, number]
      painted!.push(paint)
      usable!.push(now)
    }
    await page.waitForLoadState('networkidle')
    const loaded = (await page.evaluate(
      `performance.getEntriesByType('resource').map(({ name }) => new URL(name).pathname)`,
    )) as string[]
    const scripts = [...new Set(loaded)].filter((file) => file.endsWith('.js'))
    const bytes = scripts.map((file) => readFileSync(path.join('out/renderer', file)))
    const [plain, zipped] = [bytes, bytes.map((one) => gzipSync(one))].map((all) =>
      (all.reduce((sum, { length }) => sum + length, 0) / 1000).toFixed(0),
    )
    console.log(
      `${name}: first paint ${ms(median(painted!))}, usable ${ms(median(usable!))} (medians of 5 loads)`,
    )
    console.log(`${name}: initial JavaScript ${scripts.length} files, ${plain} kB, gzipped ${zipped} kB`)
    await close()
  }
}

/** The packaged window, from the start of its process to the largest paint of its first page. */
async function packaged(home: string): Promise<void> {
  execFileSync('node', ['build/package/package.mjs', '--dir'], {
    env: { ...process.env, ELECTRON_OVERRIDE_DIST_PATH: path.dirname(electronPath()!) },
    stdio: 'ignore',
  })
  const [own, whole]: number[][] = [[], []]
  for (let i = 0; i < 5; i++) {
    const begin = Date.now()
    const { page, close } = await openPackaged(path.resolve('dist/linux-unpacked'), home)
    await page.getByRole('heading', { level: 1 }).waitFor()
    await page.waitForLoadState('networkidle')
    const [origin, painted] = (await page.evaluate(`new Promise((tell) =>
      new PerformanceObserver((list) => tell([performance.timeOrigin, list.getEntries().at(-1).startTime]))
        .observe({ type: 'largest-contentful-paint', buffered: true }))`)) as [number, number]
    own!.push(painted)
    whole!.push(origin + painted - begin)
    await close()
  }
  console.log(
    `Packaged window: the page painted after ${ms(median(own!))}, ${ms(median(whole!))} from the start of its process (medians of 5)`,
  )
}

/** What tables of many runs cost while they are scrolled, as Chromium traces it. */
async function scrolls(home: string, size: number): Promise<void> {
  await makeRuns(path.join(home, 'runs'), size)
  const { page, close } = await openInBrowser(home, [home])
  await page.getByRole('heading', { level: 1 }).waitFor({ state: 'attached' })
  const begin = performance.now()
  await page.evaluate(`location.hash = '#/runs'`)
  await page.locator('tr[data-row]').nth(15).waitFor({ timeout: 300_000 })
  console.log(`${size} runs: table drawn after ${ms(performance.now() - begin)}`)
  await page.waitForTimeout(2000)
  for (const [way, pixels] of Object.entries(ways)) {
    const costs = costsOf(await traced(page, () => page.evaluate(scrollBy(pixels))))
    const sums = costs.map(({ script, layout }) => script + layout).sort((a, b) => a - b)
    const at = (share: number) => ms(sums[Math.min(sums.length - 1, Math.floor(share * sums.length))]!)
    const of = (part: keyof Cost) => ms(median(costs.map((cost) => cost[part])))
    console.log(
      `${size} runs, ${way}: a frame ${at(0.5)} (script ${of('script')}, styles and layout ${of('layout')}), 95% below ${at(0.95)}, worst ${at(1)}`,
    )
  }
  await close()
}

/** Scrolls the table in every frame, with a mark before each, from its top again where it ends. */
const scrollBy = (pixels: number) => `new Promise((done) => {
  const pane = document.querySelector('.data-table')
  let frame = 0
  requestAnimationFrame(function next() {
    performance.mark('frame')
    if (frame++ === ${frames}) return done()
    const end = pane.scrollTop + pane.clientHeight >= pane.scrollHeight - 1
    pane.scrollTop = end ? 0 : pane.scrollTop + ${pixels}
    requestAnimationFrame(next)
  })
})`

/** A line of Chromium's trace: `tts` and `tdur` count the microseconds that the thread itself ran. */
interface TraceEvent {
  name: string
  ph: string
  tid: number
  tts: number
  tdur?: number
}

/** What the main thread did meanwhile, in order. */
async function traced(page: Page, work: () => Promise<unknown>): Promise<TraceEvent[]> {
  const browser = page.context().browser()!
  await browser.startTracing(page, { categories: ['devtools.timeline', 'blink.user_timing'] })
  await work()
  const { traceEvents } = JSON.parse((await browser.stopTracing()).toString()) as {
    traceEvents: TraceEvent[]
  }
  const thread = traceEvents.find(({ name }) => name === 'frame')!.tid
  return traceEvents.filter(({ tid, tts }) => tid === thread && tts).sort((a, b) => a.tts - b.tts)
}

interface Cost {
  script: number
  layout: number
}
const kinds: Record<string, keyof Cost> = {
  ...{
    EventDispatch: 'script',
    FireAnimationFrame: 'script',
    FunctionCall: 'script',
    RunMicrotasks: 'script',
  },
  ...{ TimerFire: 'script', UpdateLayoutTree: 'layout', Layout: 'layout' },
}

/** Milliseconds of each frame between two marks. Of what is called within another the inner is counted, and the rest of the outer. */
function costsOf(events: TraceEvent[]): Cost[] {
  const costs: Cost[] = []
  const open: { until: number; kind: keyof Cost }[] = []
  for (const { name, ph, tts, tdur = 0 } of events) {
    if (name === 'frame') costs.push({ script: 0, layout: 0 })
    const [kind, cost] = [kinds[name], costs.at(-1)]
    if (!kind || ph !== 'X' || !cost) continue
    while (open.length && open.at(-1)!.until <= tts) open.pop()
    if (open.length) cost[open.at(-1)!.kind] -= tdur / 1000
    cost[kind] += tdur / 1000
    open.push({ until: tts + tdur, kind })
  }
  return costs.slice(0, frames)
}

/** From the click on another choice of a new run to the figures of What you will get. */
async function estimate(home: string): Promise<void> {
  const { page, close } = await openInBrowser(home, [home])
  await go(page, 'Data sets')
  await addSample(page)
  await go(page, 'New run')
  await page.getByText('parameters').first().waitFor()
  await page.waitForTimeout(2000)
  const session = await page.context().newCDPSession(page)
  await session.send('Performance.enable', { timeDomain: 'threadTicks' })
  const spent = async () => {
    const { metrics } = await session.send('Performance.getMetrics')
    return 1000 * metrics.find(({ name }) => name === 'TaskDuration')!.value
  }
  const waits: number[] = []
  const costs: number[] = []
  for (let i = 0; i < 20; i++) {
    const before = await spent()
    waits.push((await page.evaluate(clickAndWait(i))) as number)
    costs.push((await spent()) - before)
    await page.waitForTimeout(300)
  }
  const worst = Math.max(...waits)
  console.log(
    `What you will get: ${ms(median(waits))} after a click, worst of 20 ${ms(worst)}; ${ms(median(costs))} of them the page's own`,
  )
  await close()
}

/** Chooses the next of the cards of a model; answers after how many milliseconds other figures stand there. */
const clickAndWait = (i: number) => `new Promise((tell) => {
  const shown = document.querySelector('.get')
  const cards = document.querySelectorAll('input[name=model]')
  const before = shown.textContent
  const begin = performance.now()
  const wait = new MutationObserver(() => {
    if (shown.textContent === before) return
    wait.disconnect()
    tell(performance.now() - begin)
  })
  wait.observe(shown, { childList: true, characterData: true, subtree: true })
  cards[${i + 1} % cards.length].click()
})`

/** What the page of a run costs while a nano trains: the share of a core that its renderer takes. */
async function live(home: string): Promise<void> {
  const { page, close } = await openInBrowser(home, [home])
  await go(page, 'Data sets')
  await addSample(page)
  await startRun(page, { name: 'Live', epochs: 200 })
  await page
    .getByRole('img', { name: /at step/ })
    .first()
    .waitFor({ timeout: 300_000 })
  const session = await page.context().browser()!.newBrowserCDPSession()
  const spentBy = async () => {
    const { processInfo } = await session.send('SystemInfo.getProcessInfo')
    return new Map(processInfo.map(({ id, type, cpuTime }) => [id, { type, cpuTime }]))
  }
  const [before, begin] = [await spentBy(), performance.now()]
  await page.waitForTimeout(1000 * watched)
  const [after, took] = [await spentBy(), (performance.now() - begin) / 1000]
  const shares = new Map<string, number>()
  for (const [id, { type, cpuTime }] of after)
    shares.set(type, (shares.get(type) ?? 0) + (cpuTime - (before.get(id)?.cpuTime ?? 0)) / took)
  const said = [...shares].map(([type, share]) => `${type} ${(100 * share).toFixed(1)}%`).join(', ')
  console.log(`Overview of a nano that trains, shares of a core in ${took.toFixed(0)} s: ${said}`)
  await close()
}

async function makeRuns(folder: string, size: number): Promise<void> {
  mkdirSync(folder, { recursive: true })
  for (let i = readdirSync(folder).length; i < Math.min(different, size); i++)
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
