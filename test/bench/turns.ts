import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { createEngine } from '#engine/engines'
import type { Precision } from '#shared/settings/precision'
import { isForCores } from '#jobs/train/gradients'
import { compileUpdate, startingState } from '#jobs/train/update'
import { imageNetStatistics } from '#shared/image-net'
import { fromPreset, type Hyperparameters, type PresetName } from '#shared/settings/hyperparameters'
import { initialWeights } from '#model/objectives/index'

/** What took part: milliseconds until its first step could begin and of each step, the first two left out. */
export interface Measured {
  name: string
  preparation: number
  /** What of the preparation is compiling the step; not known of PyTorch, which compiles in its first step. */
  compilation?: number
  /** Milliseconds of the first step, in which PyTorch and TensorFlow compile. */
  firstStep: number
  times: number[]
  peakMegabytes: number
}

/**
 * A program that times training steps: it prints the milliseconds that it took to prepare, then for each line of its input
 * those of a step, and at the end a line of JSON with its name and peak memory.
 */
interface Contestant {
  command: string
  parameters: string[]
}

const settings = (preset: PresetName, batchSize: number) => fromPreset(preset, { batchSize, accumulation: 1 })

/** This program itself, in a process of its own. */
export const ours = (
  engine: string,
  preset: PresetName,
  batch: number,
  threads: number,
  precision: Precision = 'float32',
): Contestant => ({
  command: process.execPath,
  parameters: [process.argv[1]!, 'contestant', engine, preset, String(batch), String(threads), precision],
})

/** PYTHON names a Python with torch (default python3), OFFICIAL a clone of the authors' code, which needs timm. */
export const pytorch = (
  preset: PresetName,
  batch: number,
  threads: number,
  compiled: 'eager' | 'compile',
  precision: Precision = 'float32',
): Contestant => ({
  command: process.env['PYTHON'] ?? 'python3',
  parameters: [
    'test/bench/pytorch_step.py',
    JSON.stringify({ ...settings(preset, batch), precision }),
    String(threads),
    compiled,
  ],
})

/** Lets contestants make a step each by turns, so that what else the machine does slows all of them. Null: did not work. */
export async function byTurns(contestants: Contestant[], turns: number): Promise<(Measured | null)[]> {
  const programs = []
  for (const contestant of contestants) programs.push(await open(contestant))
  for (let turn = 0; turn < turns + 2; turn++) for (const program of programs) await program?.step()
  return Promise.all(programs.map((program) => program?.end() ?? null))
}

/** A contestant by itself: so many steps, or as many as begin in so many milliseconds; it is ended after twice that. Null: did not work. */
export async function alone(contestant: Contestant, steps: number, limit: number): Promise<Measured | null> {
  const deadline = performance.now() + limit
  const program = await open(contestant, 2 * limit)
  for (let step = 0; program && step < steps + 2; step++)
    if (step < 3 || performance.now() < deadline) await program.step()
  return program && program.end()
}

/** Where all that a contestant does takes more than `limit` milliseconds it is ended. */
async function open({ command, parameters }: Contestant, limit?: number) {
  const child = spawn(command, parameters, { stdio: ['pipe', 'pipe', 'ignore'], timeout: limit })
  child.on('error', () => undefined)
  child.stdin.on('error', () => undefined)
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const next = async (): Promise<string | undefined> => (await lines.next()).value
  const times: number[] = []
  const preparation = Number((await next()) ?? NaN)
  if (Number.isNaN(preparation)) return null
  return {
    async step() {
      child.stdin.write('\n')
      times.push(Number((await next()) ?? NaN))
    },
    async end(): Promise<Measured | null> {
      child.stdin.end()
      const said = await next()
      return said ? { ...JSON.parse(said), preparation, firstStep: times[0]!, times: times.slice(2) } : null
    },
  }
}

/** Runs `main` with the program's parameters, or the contestant that `byTurns` started the program for. */
export function start(main: (parameters: string[]) => Promise<void>): void {
  const [first, ...rest] = process.argv.slice(2)
  if (first === 'contestant')
    void contest(rest[0]!, rest[1] as PresetName, Number(rest[2]), Number(rest[3]), rest[4] as Precision)
  else void main(process.argv.slice(2))
}

/** The program behind `ours`. */
async function contest(
  id: string,
  preset: PresetName,
  batch: number,
  threads: number,
  precision: Precision,
): Promise<void> {
  const start = performance.now()
  const h: Hyperparameters = settings(preset, batch)
  const engine = await createEngine(id, { threads, precision, coreEach: isForCores(h) })
  const state = startingState(h, engine, initialWeights(h, 0))
  const beginOfCompilation = performance.now()
  const update = await compileUpdate(h, imageNetStatistics, engine, state)
  const compilation = performance.now() - beginOfCompilation
  const images = Uint8Array.from({ length: batch * h.imageSize ** 2 * 3 }, (_, i) => (i * 12.9898) % 256)
  const indices = [...Array(batch).keys()]
  console.log(performance.now() - start)
  let step = 0
  for await (const line of createInterface({ input: process.stdin })) {
    void line
    const begin = performance.now()
    await update.run([{ images, indices, epoch: 0 }], 1e-4, ++step)
    console.log(performance.now() - begin)
  }
  await update.close()
  const name = precision === 'float32' ? id : `${id}, ${precision}`
  console.log(JSON.stringify({ name, compilation, peakMegabytes: process.resourceUsage().maxRSS / 1024 }))
  process.exit()
}
