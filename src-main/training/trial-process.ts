import { createEngine } from '../engine'
import { parentPort } from '../port'
import { initialWeights } from '../saim/weights'
import { offerToBeKilled } from './memory'
import { readRun } from './run-folder'
import { compileUpdate, startingState } from './update'

/**
 * A step on invented images, to see whether it fits in memory: `trial.js <run folder> <batch size> <accumulation>`.
 * Says "fits" and ends, or dies of it, which is why it is a process of its own.
 */
async function main(): Promise<void> {
  const [folder, batchSize, accumulation] = process.argv.slice(2)
  const { hyperparameters, engine: id, threads } = await readRun(folder!)
  const h = { ...hyperparameters, batchSize: Number(batchSize), accumulation: Number(accumulation) }
  const engine = await createEngine(id, { threads })
  const state = startingState(h, engine, initialWeights(h, h.seed))
  const update = await compileUpdate(h, engine, state)
  const images = Float32Array.from({ length: h.batchSize * h.imageSize ** 2 * 3 }, (_, i) => (i % 255) / 255)
  const indices = Array.from({ length: h.batchSize }, (_, i) => i)
  // As many as training holds at once: in the step, in the making and waiting.
  const batches = Array.from({ length: Math.max(h.accumulation, 4) }, (_, index) => ({
    index,
    epoch: 0,
    images: images.slice(),
    indices,
    unreadable: [],
  }))
  // What decoder threads, reconstructions and validation take beside it.
  const others = Buffer.alloc(384e6, 1)
  for (let step = 1; step <= 2; step++) await update.run(batches.slice(0, h.accumulation), 0, step)
  await update.close()
  if (others.length) parentPort.post('fits')
}

offerToBeKilled()
main().then(
  () => process.exit(0),
  () => process.exit(1),
)
