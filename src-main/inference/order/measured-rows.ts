import type { Split } from '#shared/contract'
import { AppError } from '#shared/errors'
import type { DatasetIndex } from '#images/index/dataset-index'
import { labelledRows } from '#images/index/suggestions'
import { FeatureFile } from '#inference/features/feature-file'
import { featureFile, type FeaturesOf } from '#inference/features/kept-features'
import type { FeatureRows } from '#inference/features/knn'
import { centreOf, without } from '#inference/labels/few-shot'
import { rowsAt } from '#inference/rows'

/** What a checkpoint sees of the images that may be used: what all have in common is taken away, each row is of length 1. */
export interface MeasuredRows extends FeatureRows {
  /** The number of each row's image, and its split. */
  files: number[]
  splits: (Split | null)[]
}

/** The measured images of a data set. Throws AppError too-few-images where they are fewer than `least`. */
export async function measuredRows(
  index: DatasetIndex,
  checkpoint: FeaturesOf,
  least: number,
): Promise<MeasuredRows> {
  const { width } = checkpoint
  const { rows, files, splits } = labelledRows(index, checkpoint)
  if (files.length < least)
    throw new AppError(
      'too-few-images',
      `The checkpoint looked at ${files.length} images; ${least} are needed.`,
      'Measure the data set, or ask for fewer.',
    )
  const file = await FeatureFile.toRead(featureFile(index.folder, checkpoint), width)
  const all = rowsAt(await file.all().finally(() => file.close()), width, rows)
  return { files, splits, width, values: without(centreOf(all, width), all) }
}
