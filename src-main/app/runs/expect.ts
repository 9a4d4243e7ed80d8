import type { Expectation, Run } from '#shared/contract'
import type { Hyperparameters } from '#shared/settings/hyperparameters'
import { listCheckpoints } from '#storage/run/checkpoint'
import { readHealth } from '#storage/run/health-file'
import type { MetricsReader } from './metrics'

/** The settings that make a model what a person calls one. */
const modelSettings = ['objective', 'imageSize', 'patchSize', 'width', 'depth', 'heads'] as const

/** What two runs must have in common to be compared, the best first. */
const likenesses: Expectation['common'][] = ['model-and-images', 'model', 'images']

/**
 * What the earlier run reached that is most like a new one on the images of `folder`: of its model and images, else of its
 * model, else of its images; of several the one nearest in epochs. Null if there is none.
 */
export async function expectationOf(
  h: Hyperparameters,
  folder: string,
  runs: Run[],
  metrics: MetricsReader,
): Promise<Expectation | null> {
  const found = mostAlike(h, folder, runs)
  if (!found) return null
  const { run, common } = found
  const { validationLoss } = await metrics.read(run.folder, run.seams.length)
  const { knn } = await readHealth(run.folder)
  const pictured = (await listCheckpoints(run.folder)).filter(
    ({ reconstructions }) => reconstructions.length > 0,
  )
  const validation = validationLoss.filter((loss) => loss !== null).at(-1)
  return {
    run: { id: run.id, name: run.name },
    dataset: run.dataset.name,
    common,
    epochs: Math.round(run.latest!.epoch),
    loss: validation ?? run.latest!.loss,
    lossOf: validation === undefined ? 'training' : 'validation',
    knn: knn.filter((share) => share !== null).at(-1) ?? null,
    checkpoints: pictured.filter((_, i) => i === 0 || i === pictured.length - 1),
  }
}

/** The run to compare with, which has trained for an epoch at least. */
export function mostAlike(
  h: Hyperparameters,
  folder: string,
  runs: Run[],
): { run: Run; common: Expectation['common'] } | null {
  const trained = runs.filter(({ latest }) => latest && latest.epoch >= 1)
  const isModel = (run: Run) => modelSettings.every((name) => run.hyperparameters[name] === h[name])
  const isOnImages = (run: Run) => run.dataset.folder === folder
  const likeness = (run: Run): Expectation['common'] | null =>
    isModel(run) ? (isOnImages(run) ? 'model-and-images' : 'model') : isOnImages(run) ? 'images' : null
  const distance = (run: Run) => Math.abs(Math.log(run.latest!.epoch / h.epochs))
  for (const common of likenesses) {
    const [run] = trained
      .filter((each) => likeness(each) === common)
      .sort((a, b) => distance(a) - distance(b) || (a.createdAt < b.createdAt ? 1 : -1))
    if (run) return { run, common }
  }
  return null
}
