/**
 * `npm run bench -- overlap [folder of photographs] [ms an image] [steps]`: whether a step waits for images. The real loop trains
 * with the real loader at the paper's batch of 2,048, base's images of 224 px, on an engine that only sleeps: as long as the
 * decoders alone need for an image and a quarter more, at least the millisecond that an H200 takes for base. Like every engine,
 * it blocks its thread meanwhile. Without a folder the photographs are noise.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import path from 'node:path'
import { type Engine, type Program, undivided } from '#engine/engine'
import { engineChoices } from '#engine/engines'
import { trace } from '#engine/graph/trace'
import { openBatches } from '#images/batches'
import { DatasetIndex } from '#images/index/dataset-index'
import { Manifest, writeManifest } from '#images/manifest'
import { train } from '#jobs/train/loop'
import {
  mapValues,
  type NamedTensorData,
  sizeOf,
  type StepFunction,
  type TensorSpec,
} from '#model/tensor/step'
import { type Vectors, withVectors } from '#model/tensor/vectors'
import { fromPreset, type Hyperparameters } from '#shared/settings/hyperparameters'
import { imageNetStatistics } from '#shared/image-net'
import { Lock } from '#storage/lock'
import { readMetrics } from '#storage/run/metrics'
import { createRun, runPaths } from '#storage/run/run-folder'
import { makePhotographs } from './photographs'

const home = mkdtempSync(path.join(tmpdir(), 'saim-bench-'))
process.env['SAIM_HOME'] = home
const decoders = cpus().length
/** Milliseconds that an H200 takes for an image of base. */
const h200 = 1

/** The images of base and the paper's batch. An engine that sleeps has no use for the weights. */
const settings = (accumulation: number): Hyperparameters =>
  fromPreset('base', {
    ...{ width: 48, depth: 1, queryDepth: 1, heads: 1 },
    ...{ batchSize: 2048 / accumulation, accumulation },
    ...{ warmupEpochs: 0, validationFraction: 0, healthEvery: 0, checkpointEvery: 1000 },
  })

/** Computes nothing: sleeps `pace` milliseconds for each image that a step trains on, and answers zeros. */
class SleepingEngine implements Engine {
  readonly id = 'sleeping'
  readonly device = {
    ...{ name: 'none', software: false, precisions: ['float32'] as const },
    ...{ ...undivided, vectorSize: 2 ** 18 },
  }
  /** Milliseconds that it slept, and when it first began and last ended; the same of the thread's own work. */
  slept = 0
  began = { time: 0, work: 0 }
  ended = { time: 0, work: 0 }

  constructor(private readonly pace: number) {}

  createState = (values: NamedTensorData, vectors: Vectors = {}) => ({
    vectors,
    specs: mapValues(values, ({ shape }): TensorSpec => ({ shape, dtype: 'float32' })),
    read: async () => values,
    copy: async () => undefined,
    write: async () => undefined,
    dispose: () => undefined,
  })

  async compile(
    step: StepFunction,
    state: ReturnType<SleepingEngine['createState']>,
    inputs: Record<string, TensorSpec>,
  ): Promise<Program> {
    const { graph, outputs, updated } = trace(withVectors(step, state.vectors), state.specs, inputs)
    const answers = Object.fromEntries(
      graph.outputs
        .filter(({ name }) => outputs.includes(name))
        .map(({ name, shape }) => [name, { shape: [...shape], values: new Float32Array(sizeOf(shape)) }]),
    )
    const trains = updated.length > 0
    return {
      run: async ({ images }) => {
        if (trains && images) this.sleep(images.length / sizeOf(inputs['images']!.shape.slice(1)))
        return answers
      },
      dispose: async () => undefined,
    }
  }

  private sleep(images: number): void {
    if (this.slept === 0) this.began = now()
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, this.pace * images)
    this.slept += this.pace * images
    this.ended = now()
  }
}

/** The time, and what the system says that this thread worked, which Linux alone tells; both in milliseconds. */
function now(): { time: number; work: number } {
  const time = performance.now()
  if (process.platform !== 'linux') return { time, work: NaN }
  const [user, system] = readFileSync(`/proc/self/task/${process.pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ')
    .slice(11)
  return { time, work: 10 * (Number(user) + Number(system)) }
}

async function main(): Promise<void> {
  const [given, pace, steps = '4'] = process.argv.slice(2)
  const photographs = given || (await makePhotographs(path.join(home, 'photographs'), 100))
  const index = new DatasetIndex(photographs, ':memory:')
  await index.scan()
  console.log(`${cpus()[0]!.model}, ${cpus().length} cores, ${decoders} threads that decode`)
  for (const accumulation of [1, 8, 32]) {
    const alone = await decode(photographs, index, settings(accumulation))
    const rate = pace ? Number(pace) : Math.max(h200, 1.25 * alone)
    await look(photographs, index, accumulation, rate, alone, Number(steps))
  }
  index.close()
}

/** Milliseconds an image of the loader by itself. */
async function decode(folder: string, index: DatasetIndex, h: Hyperparameters): Promise<number> {
  const file = path.join(home, 'images.json')
  await writeManifest(file, index, { fraction: 0, seed: 0 })
  const images = await Manifest.read(file)
  const loader = openBatches({
    ...{ folder, images, chosen: images.indicesOf('train'), hyperparameters: { ...h, batchSize: 64 } },
    ...{ firstBatch: 0, statistics: imageNetStatistics, decoders, cacheLimits: { memory: 0, disk: 0 } },
  })
  const take = async (count: number) => {
    for (let i = 0; i < count; i++) {
      const batch = loader.next()
      await batch.arrived()
      loader.recycle(batch)
    }
  }
  await take(4)
  const start = performance.now()
  await take(16)
  const milliseconds = (performance.now() - start) / (16 * 64)
  await loader.close()
  return milliseconds
}

/** Trains so many steps, and tells how much of the time the engine did not sleep. */
async function look(
  images: string,
  index: DatasetIndex,
  accumulation: number,
  pace: number,
  alone: number,
  steps: number,
): Promise<void> {
  const engine = new SleepingEngine(pace)
  const words = { title: 'Sleeping', description: '', precisions: ['float32'] as const }
  engineChoices.splice(0, Infinity, {
    ...{ id: engine.id, ...words },
    open: async () => engine,
    division: async () => undivided,
    isHere: () => true,
    isOnDevice: async () => true,
    takesGpus: async () => false,
  })
  const h = settings(accumulation)
  const perEpoch = Math.max(1, Math.floor(index.summary().images / h.batchSize))
  const folder = await createRun(path.join(home, 'runs'), {
    ...{ name: 'overlap', dataset: { name: 'photographs', folder: images } },
    hyperparameters: { ...h, epochs: Math.ceil((steps * accumulation) / perEpoch) },
    ...{ engine: engine.id, threads: 0, decoders, cache: 0 },
    writeManifest: (file) => writeManifest(file, index, { fraction: 0, seed: 0 }),
  })
  const lock = await Lock.acquire(runPaths(folder).lock)
  await train(folder, { stop: null }, lock, () => undefined)
  await lock.release()
  const metrics = await readMetrics(folder)
  const idle = 1 - engine.slept / (engine.ended.time - engine.began.time)
  const work = (engine.ended.work - engine.began.work) / metrics.length
  const [first, last] = [metrics[0]!, metrics.at(-1)!]
  const megabytes = (bytes: number) => (bytes / 1e6).toFixed(0)
  console.log(
    `2,048 in ${accumulation} batches, ${metrics.length} steps: decoding alone ${(1000 / alone).toFixed(0)} images/s, engine ${(1000 / pace).toFixed(0)}; idle ${percent(idle)}, the loop works ${work.toFixed(0)} ms a step; ${megabytes(first.memory)} MB after the first step, ${megabytes(last.memory)} after the last`,
  )
}

const percent = (share: number) => `${(100 * share).toFixed(1)} %`

void main().finally(() => rmSync(home, { recursive: true, force: true }))
