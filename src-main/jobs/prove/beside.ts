import { mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { PresetProof } from '#shared/contract'
import { imageNetStatistics } from '#shared/image-net'
import type { Hyperparameters } from '#shared/settings/hyperparameters'
import { evenlySpread } from '#shared/spread'
import { type Engine, sharesCores, type State } from '#engine/engine'
import { decoderCount } from '#images/decode/decoders'
import { readHeader } from '#images/decode/header'
import { type ImageFile, Manifest } from '#images/manifest'
import { HealthChecks } from '#jobs/train/health'
import { Reconstructions } from '#jobs/train/reconstructions'
import { splitState } from '#jobs/train/update'
import { environment } from '#platform/environment'
import { sampleImagesFolder } from '#platform/paths'
import { saveCheckpoint } from '#storage/run/checkpoint'
import { noInterval } from '#storage/run/progress'

/** Sample images that are looked at, as many as take about so many seconds. */
const looking = { least: 24, seconds: 3 }

const secondsOf = async (work: () => Promise<void>): Promise<number> => {
  const begun = performance.now()
  await work()
  return (performance.now() - begun) / 1000
}

/**
 * What a run does beside its steps, done once with the sample images in a folder of its own: opening what that takes, a check of
 * health, and a checkpoint with its reconstructions.
 */
export async function timeBeside(
  h: Hyperparameters,
  engine: Engine,
  state: State,
  imagesPerSecond: number,
): Promise<NonNullable<PresetProof['beside']>> {
  const folder = await mkdtemp(path.join(tmpdir(), 'saim-proof-'))
  // The encoder alone is a sixth of a training step.
  const images = await sampleImages(
    Math.max(looking.least, 6 * imagesPerSecond * looking.seconds * environment.patience()),
  )
  const decoders = decoderCount(sharesCores(engine.device))
  const dataset = { folder: sampleImagesFolder(), images, statistics: imageNetStatistics, decoders }
  const start = { step: 0, epoch: 0 }
  try {
    const begun = performance.now()
    const reconstructions = await Reconstructions.open(folder, h, dataset, engine, state)
    const health = await HealthChecks.open(folder, h, dataset, engine, state, start)
    const openSeconds = (performance.now() - begun) / 1000
    const look = await secondsOf(() => health.after(0, h.healthEvery))
    const saveSeconds = await secondsOf(async () => {
      await reconstructions.write(0)
      const place = { ...start, batch: 0, batchesPerEpoch: 1, number: null, loss: null, best: null }
      const about = { interval: noInterval, seconds: 0, savedAt: new Date().toISOString() }
      await saveCheckpoint(folder, { ...splitState(await state.read()), state: { ...place, ...about } })
    })
    await reconstructions.dispose()
    await health.dispose()
    return { openSeconds, lookSeconds: look / images.length, saveSeconds }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** So many of the sample images, in the classes of their folders. */
async function sampleImages(count: number): Promise<Manifest> {
  const root = sampleImagesFolder()
  const classes = await readdir(root)
  const found = await Promise.all(classes.map((name) => readdir(path.join(root, name))))
  const files = found.flatMap((names, i) => names.map((name) => path.join(classes[i]!, name)))
  const describe = async (file: string): Promise<ImageFile> => {
    const whole = path.join(root, file)
    const [{ width, height }, { size }] = await Promise.all([readHeader(whole), stat(whole)])
    return { path: file, bytes: size, width, height, class: path.dirname(file), split: 'train' }
  }
  return Manifest.of(await Promise.all(evenlySpread(files, Math.round(count)).map(describe)))
}
