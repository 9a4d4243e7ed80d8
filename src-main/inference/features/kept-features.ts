import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import path from 'node:path'
import type { DatasetIndex } from '#images/index/dataset-index'
import {
  beginMeasuring,
  type Checkpoint,
  checkpointsOf,
  forgetFeatures,
  rowsOf,
  unmeasured,
} from '#images/index/measured'
import { writeManifest } from '#images/manifest'
import { featuresFolder } from '#platform/paths'
import { FeatureFile } from './feature-file'

/** A checkpoint, and how many numbers its features have. */
export type FeaturesOf = Checkpoint & { width: number }

/** The file beside the index of a data set that keeps what a checkpoint sees of its images. */
export const featureFile = (folder: string, { run, step }: Checkpoint) =>
  path.join(featuresFolder(folder), `${run}-${step}-pooled.f16`)

/** Forgets features whose file is gone or too short. */
export async function requireFeatures(index: DatasetIndex, checkpoint: FeaturesOf): Promise<void> {
  const file = featureFile(index.folder, checkpoint)
  const { end } = rowsOf(index, checkpoint)
  if (end === 0) return
  const opened = existsSync(file) ? await FeatureFile.toRead(file, checkpoint.width) : null
  const rows = (await opened?.rows()) ?? 0
  await opened?.close()
  if (rows < end) forgetFeatures(index, checkpoint)
}

/** Lists the images that a checkpoint has not looked at yet; answers how many these are, and where their features go. */
export async function toMeasure(index: DatasetIndex, checkpoint: FeaturesOf, manifest: string) {
  beginMeasuring(index, checkpoint)
  const features = featureFile(index.folder, checkpoint)
  mkdirSync(path.dirname(features), { recursive: true })
  const kept = new Set(checkpointsOf(index).map((one) => path.basename(featureFile(index.folder, one))))
  for (const name of readdirSync(path.dirname(features)))
    if (!kept.has(name)) rmSync(path.join(path.dirname(features), name))
  await requireFeatures(index, checkpoint)
  await writeManifest(manifest, index, { fraction: 0, seed: 0 }, unmeasured(index, checkpoint))
  const { pending, free, end } = rowsOf(index, checkpoint)
  return { pending, features, free, end }
}
