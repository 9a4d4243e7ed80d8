import type { EvaluationPlan, KnnSettings, ProbeSettings } from '#shared/settings/evaluation'
import { AppError } from '#shared/errors'
import { purposes, uniforms } from '#shared/random'
import type { CropOf } from '#images/crops'
import { augmentationDraws, oneDraw } from '#model/augment/crop'
import type { NamedTensorData } from '#model/tensor/step'
import { headFeaturesStep, normOf } from '#model/heads/features'
import { fineTune } from './fine-tune'
import { featuresStep, readingOf } from '#inference/features/features-step'
import { ForwardPass } from '#inference/features/forward-pass'
import { knnWeights } from '#inference/classifiers/models'
import { type FeatureRows, nearest, unitRows, votes } from '#inference/features/knn'
import type { Task } from './labelled'
import { type ProbeData, trainProbe } from './linear-probe'
import { scoreOf, shareOfVotes } from './score'
import type { Reporter, Subject } from './subject'
import type { Outcome } from '#storage/evaluation-folder'

/**
 * Evaluates an encoder on a task as planned. If stopped, the outcome is that of what was trained so far, and null where
 * nothing can be said yet.
 */
export async function evaluate(
  subject: Subject,
  task: Task,
  { kind, settings: s }: Exclude<EvaluationPlan, { kind: 'segment' }>,
  report: Reporter,
): Promise<Outcome | null> {
  if (kind === 'finetune') return fineTune(subject, s, task, report)
  return withFeatures(subject, task, s, report, async (features) => {
    if (report.stopped()) return null // some images have no features
    if (kind === 'probe') return trainProbe(subject.engine, s, features, report)
    const bank = await features.viewOf(0)
    const k = Math.min(s.neighbours, features.labels.length)
    const found = await nearest(subject.engine, bank, features.validation.features, k)
    const given = votes(found, features.labels, task.classes.length, s.temperature)
    return {
      score: scoreOf(given, task.validation.labels, task.classes, {
        paths: task.validation.images.map(({ path }) => path),
        shares: shareOfVotes,
      }),
      classifier: classifierOf(bank, features.labels, task.classes.length),
    }
  })
}

/** Bytes that the features of nearest neighbours may have to be kept. */
const mostBank = 2 ** 28

/** Features of training images as what names the classes of others; null where they are too many to be kept. */
const classifierOf = (bank: FeatureRows, labels: Int32Array, classes: number): NamedTensorData | null =>
  bank.values.byteLength > mostBank ? null : knnWeights(unitRows(bank), labels, classes)

/**
 * Hands on features by the frozen encoder: of validation images and of training images, these as they are scored, or, of the
 * probe, of several crops, or of a new crop in each epoch, made when it comes.
 */
async function withFeatures<T>(
  { engine, h, weights, decoders, statistics }: Subject,
  { folder, classes, train, validation }: Task,
  s: KnnSettings | ProbeSettings,
  report: Reporter,
  use: (features: ProbeData) => Promise<T>,
): Promise<T> {
  const { block, pooling } = s
  if (block > h.depth)
    throw new AppError(
      'bad-settings',
      `The encoder has ${h.depth} blocks.`,
      `Choose a block from 1 to ${h.depth}.`,
    )
  const views = 'views' in s ? s.views : 1
  const throughNorm = 'layerNorm' in s && s.layerNorm
  const state = engine.createState(throughNorm ? { ...weights, ...normOf(weights, h, pooling) } : weights)
  const step = throughNorm
    ? headFeaturesStep(h, { pooling, block })
    : featuresStep(h, [readingOf[pooling]], block)
  const pass = await ForwardPass.open(engine, state, step, { size: h.imageSize, decoders, statistics })
  const total = views * train.images.length + validation.images.length
  let before = 0
  const make = async (images: Task['train']['images'], cropOf?: CropOf): Promise<FeatureRows> => {
    const rows = await pass.rows(folder, images, {
      cropOf,
      onProgress: (done) => report.features?.(Math.min(before + done, total), total),
      stopped: report.stopped,
    })
    before += images.length
    return rows
  }
  const cropsOf =
    (view: number): CropOf =>
    ({ width, height }, i) => {
      const u = uniforms(h.seed, purposes.crop, view, i, augmentationDraws)
      return oneDraw(width, height, { ...h, ...s, cropScaleMaximum: 1 }, u)
    }
  try {
    const made: FeatureRows[] = []
    for (let view = 0; view < views; view++)
      made.push(await make(train.images, views > 1 ? cropsOf(view) : undefined))
    return await use({
      classes,
      viewOf: async (epoch) => made[epoch % views] ?? make(train.images, cropsOf(epoch)),
      labels: train.labels,
      validation: {
        features: await make(validation.images),
        labels: validation.labels,
        paths: validation.images.map(({ path }) => path),
      },
    })
  } finally {
    await pass.close()
    state.dispose()
  }
}
