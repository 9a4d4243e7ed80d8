import { type FineTuneSettings, type KnnSettings, type ProbeSettings } from '#shared/settings/evaluation'
import { AppError } from '#shared/errors'
import type { Hyperparameters } from '#shared/settings/hyperparameters'
import { centred, type CropOf, scored } from '#images/crops'
import type { PixelStatistics } from '#model/augment/crop'
import { imageSizeOf } from '#model/heads/classifier'
import { normOf } from '#model/heads/features'
import { initialWeights } from '#model/objectives/index'
import type { NamedTensorData } from '#model/tensor/step'
import type { ImageModel } from '#inference/image-model'
import { readFewShot } from '#inference/labels/kept'
import { readClassifier, readEvaluation } from '#storage/evaluation-folder'
import { loadCheckpoint } from '#storage/run/checkpoint'
import { readRun } from '#storage/run/run-folder'
import { fewShotModel, fewShotWeights, fineTunedModel, knnModel, probeModel } from './models'

/** Where a classifier lies: in a folder of its own or in that of an evaluation; and the run whose weights it has. */
export interface ClassifierPlace {
  folder: string
  run: string
}

/** A classifier of any kind, ready to be asked. */
export interface OpenClassifier {
  classes: string[]
  h: Hyperparameters
  /** By which images are normalised. */
  statistics: PixelStatistics
  weights: NamedTensorData
  model: ImageModel
  /** The part of an image that it is shown. */
  cropOf: CropOf
}

/** Throws AppError run-missing, checkpoint-missing, checkpoint-corrupt, evaluation-missing or classifier-missing. */
export async function openClassifier({ folder, run }: ClassifierPlace): Promise<OpenClassifier> {
  const { hyperparameters: h, statistics } = await readRun(run)
  const encoder = async (step: number | null) =>
    step === null ? initialWeights(h, h.seed) : ((await loadCheckpoint(run, step)).weights as NamedTensorData)
  const kept = await readFewShot(folder)
  if (kept) {
    const { about, classifier } = kept
    return {
      ...{ classes: classifier.classes, h, statistics, cropOf: centred },
      weights: { ...(await encoder(about.step)), ...fewShotWeights(classifier) },
      model: fewShotModel(h, classifier),
    }
  }
  const { plan, step } = await readEvaluation(folder)
  if (plan.kind === 'segment')
    throw noClassifier('A segmentation names the classes of pixels, not of images.')
  const { weights, classes } = await readClassifier(folder)
  const found = { classes, h, statistics, cropOf: scored }
  const s: FineTuneSettings | ProbeSettings | KnnSettings = plan.settings
  if (plan.kind === 'finetune') {
    const size = { imageSize: imageSizeOf(h, plan.settings), classes: classes.length }
    return { ...found, weights, model: fineTunedModel(h, plan.settings, size) }
  }
  const pretrained = await encoder(step)
  const norm = 'layerNorm' in s && s.layerNorm ? normOf(pretrained, h, s.pooling) : {}
  return {
    ...found,
    weights: { ...pretrained, ...norm, ...weights },
    model:
      plan.kind === 'probe'
        ? probeModel(h, plan.settings, classes.length)
        : knnModel(h, plan.settings, weights['bank']!.shape[0]!, classes.length),
  }
}

export const noClassifier = (message: string) =>
  new AppError('classifier-missing', message, '`saim classifiers` lists those that there are.')
