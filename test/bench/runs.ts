/**
 * `npm run bench -- runs [runs] [metrics]`: how long the Runs page and a comparison wait for the services, and what
 * following the runs costs, with many runs of many metrics each.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { answer } from '#app/bridge'
import { forkNode } from '#platform/processes'
import { createServices } from '#app/backend'
import { lineOf } from '#storage/json-lines'
import { createRun, runPaths, updateRun } from '#storage/run/run-folder'
import type { Metric, Run } from '#shared/contract'
import { fromPreset } from '#shared/settings/hyperparameters'
import { chromiumPath, openInBrowser } from '#test/helpers/hosts'
import { timed } from '#test/helpers/timed'

const [runs = 1000, length = 10_000] = process.argv.slice(2).map(Number)
const home = mkdtempSync(path.join(tmpdir(), 'saim-bench-'))
process.env['SAIM_HOME'] = home

async function main(): Promise<void> {
  await makeRuns(path.join(home, 'runs'))
  const services = createServices({ kind: 'browser', fork: forkNode }, () => undefined)
  const { close } = services

  const list = () => ask<Run[]>('runs.list')
  const found = await timed(`list of ${runs} runs, first time`, list)
  await timed(`list of ${runs} runs, again`, list)
  const five = found.slice(0, 5)
  const compare = () => Promise.all(five.map(({ id }) => ask('runs.metrics', { id, points: 1000 })))
  await timed(`5 runs of ${length} metrics to compare, first time`, compare)
  await timed(`5 runs of ${length} metrics to compare, again`, compare)

  const { user, system } = process.cpuUsage()
  await new Promise((resolve) => setTimeout(resolve, 10_000))
  const used = process.cpuUsage({ user, system })
  const share = (used.user + used.system) / 10e6
  console.log(`${(share * 100).toFixed(1)} % of a core to follow ${runs} runs that rest`)
  console.log(`${(process.memoryUsage().rss / 1e6).toFixed(0)} MB of memory`)
  await close()
  if (chromiumPath) await inBrowser(five.map(({ id }) => id))

  /** A call with validation and the text that goes over the wire. */
  async function ask<T>(name: string, input?: unknown): Promise<T> {
    const reply = JSON.parse(JSON.stringify(await answer(services, name, input)))
    if (!reply.ok) throw new Error(reply.error.message)
    return reply.value as T
  }
}

/** The same as a person waits for it: from a click on a link to rows and lines that are drawn. */
async function inBrowser(ids: string[]): Promise<void> {
  const { page, close } = await openInBrowser(home, [home])
  await page.getByRole('heading', { name: 'Data sets', level: 1 }).waitFor()
  await timed(`Runs page with ${runs} runs`, async () => {
    await page.getByRole('link', { name: 'Runs', exact: true }).click()
    await page.getByRole('row').nth(20).waitFor()
  })
  await timed('Compare page with 5 runs', async () => {
    await page.evaluate(`location.hash = '#/compare?runs=${ids.join(',')}'`)
    await page.getByRole('img', { name: new RegExp(`^Loss(.*latest){${ids.length}}`) }).waitFor()
  })
  await close()
}

async function makeRuns(folder: string): Promise<void> {
  mkdirSync(folder)
  const lines = Array.from({ length }, (_, i) => lineOf(metricOf(i + 1))).join('')
  for (let i = 0; i < runs; i++) {
    const run = await createRun(folder, {
      name: `run ${i}`,
      dataset: { name: 'images', folder: '/images' },
      hyperparameters: fromPreset('nano', { seed: i }),
      engine: 'onnxruntime-cpu',
      threads: 0,
      decoders: 0,
      writeManifest: async () => ({ train: 100_000, validation: 0, test: 0 }),
    })
    writeFileSync(runPaths(run).manifest, '') // a folder without one is no run
    writeFileSync(runPaths(run).metrics, lines)
    await updateRun(run, { status: 'finished', step: length, totalSteps: length })
  }
}

const metricOf = (step: number): Metric => ({
  step,
  epoch: step / 100,
  loss: 1 / Math.sqrt(step) + 0.01 * Math.sin(step),
  learningRate: 0.001234567890123,
  gradientNorm: 1.234567890123 + Math.sin(step),
  imagesPerSecond: 1234.56789 + Math.cos(step),
  dataWait: 0.0123456789,
  memory: 543_210_123,
  seconds: step * 0.0512345678,
})

void main().finally(() => rmSync(home, { recursive: true, force: true }))
