import { decided } from '#shared/settings/precision'
import { createEngine } from '#engine/engines'
import { endWithParent, parentPort } from '#platform/processes'
import { fitsWorkers, workersOf } from '#jobs/train/cluster/cluster'
import { imagesAtOnce, isForCores } from '#jobs/train/gradients'
import { offerToBeKilled } from '#jobs/train/memory'
import { ahead } from '#images/batches'
import { readRun } from '#storage/run/run-folder'
import { compileUpdate, startingState } from '#jobs/train/update'
import { initialWeights } from '#model/objectives/index'

/**
 * A step on invented images, to see whether it fits in memory: `trial.js <run folder> <batch size> <accumulation>`.
 * Says "fits" and ends, or dies of it, which is why it is a process of its own.
 */
async function main(): Promise<void> {
  const [folder, batchSize, accumulation] = process.argv.slice(2)
  const run = await readRun(folder!)
  const { hyperparameters, statistics, engine: id, threads } = run
  const h = { ...hyperparameters, batchSize: Number(batchSize), accumulation: Number(accumulation) }
  const workers = workersOf(run)
  if (workers) {
    if (await fitsWorkers(folder!, workers, h)) parentPort.post('fits')
    return
  }
  const engine = await createEngine(id, {
    threads,
    precision: decided(h.precision),
    device: h.device,
    coreEach: isForCores(h),
  })
  const state = startingState(h, engine, initialWeights(h, h.seed))
  const update = await compileUpdate(h, statistics, engine, state)
  const invented = (count: number) =>
    Uint8Array.from({ length: count * h.imageSize ** 2 * 3 }, (_, i) => i % 256)
  const batch = invented(h.batchSize)
  // As many batches as training holds at once: in the step and on their way.
  const batches = Array.from({ length: h.accumulation + ahead }, () => batch.slice())
  // What decoder threads, reconstructions and validation take beside it.
  const others = Buffer.alloc(384e6, 1)
  // What is computed at the same time takes the memory. The rest of a batch would take only time.
  const count = imagesAtOnce(h, engine.device)
  const some = { epoch: 0, images: invented(count), indices: Array.from({ length: count }, (_, i) => i) }
  for (let step = 1; step <= 2; step++) await update.run([some], 0, step)
  await update.close()
  if (batches.length && others.length) parentPort.post('fits')
}

endWithParent(1_000)
offerToBeKilled()
main().then(
  () => process.exit(0),
  () => process.exit(1),
)
