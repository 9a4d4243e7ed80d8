/**
 * `npm run bench -- estimates [engine]`: tests the engine as the application does, asks what three runs on the sample images will
 * take, trains them, and prints what they took beside it. Only a quiet machine says something of estimates: a proof takes
 * seconds, a run minutes.
 */
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { bytes, duration } from '#shared/format'
import { fromPreset } from '#shared/settings/hyperparameters'
import { mapValues } from '#model/tensor/step'
import { createServices } from '#app/backend'
import { forkNode } from '#platform/processes'

const home = mkdtempSync(path.join(tmpdir(), 'saim-estimates-'))
process.env['SAIM_HOME'] = home
process.env['SAIM_ENGINE'] = process.argv[2] ?? 'onnxruntime-cpu'
const engines = path.resolve('.cache/engines')
if (existsSync(engines)) process.env['SAIM_ENGINES'] ??= engines

const runs = {
  nano: fromPreset('nano'),
  'nano, deeper and with larger batches': fromPreset('nano', {
    ...{ depth: 6, queryDepth: 6, batchSize: 32, epochs: 5, checkpointEvery: 1 },
  }),
  'tiny, 4 epochs': fromPreset('tiny', { epochs: 4, warmupEpochs: 1 }),
}

const { calls, close } = createServices({ kind: 'browser', fork: forkNode }, () => undefined)
const pause = () => new Promise((resolve) => setTimeout(resolve, 500))
async function main(): Promise<void> {
  const id = process.env['SAIM_ENGINE']
  const engine = (await calls['engines.survey']({ id })).find((engine) => engine.id === id)
  if (!engine?.proof) throw new Error(engine?.problem?.message ?? `There is no engine ${id}.`)
  for (const { preset, imagesPerSecond, readySeconds, memoryBytes, beside } of engine.proof.presets)
    console.log(
      `${engine.title}, ${preset}: ${imagesPerSecond.toFixed(1)} images/s, ready in ${duration(readySeconds)}, ${bytes(memoryBytes)}, beside steps ${JSON.stringify(beside)}`,
    )
  let dataset = await calls['datasets.addSample'](undefined)
  while (dataset.status !== 'ready') {
    await pause()
    dataset = (await calls['datasets.list'](undefined)).find(({ id }) => id === dataset.id)!
  }
  for (const [name, h] of Object.entries(runs)) {
    const { all } = await calls['runs.estimate']({ dataset: dataset.id, hyperparameters: [h] })
    const begun = performance.now()
    let run = await calls['runs.start']({ dataset: dataset.id, hyperparameters: h, name })
    while (run.status !== 'finished') {
      if (run.error) throw new Error(run.error.message)
      await pause()
      run = await calls['runs.get']({ id: run.id })
    }
    const seconds = (performance.now() - begun) / 1000
    const [expected] = all
    const ofTime = seconds / expected!.seconds
    const ofMemory = run.latest!.memory / expected!.memoryBytes
    console.log(
      `${name}: ${duration(seconds)}, ${ofTime.toFixed(2)} of ${duration(expected!.seconds)}; ${bytes(run.latest!.memory)}, ${ofMemory.toFixed(2)} of ${bytes(expected!.memoryBytes)} (${JSON.stringify(expected!.basis)}; ${JSON.stringify(mapValues(expected!.parts, Math.round))})`,
    )
  }
}

void main().finally(async () => {
  await close()
  rmSync(home, { recursive: true, force: true })
})
