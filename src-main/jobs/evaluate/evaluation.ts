import type { EvaluationPlan, KnnSettings, ProbeSettings } from '#shared/settings/evaluation'
import { AppError } from '#shared/errors'
import { purposes, uniforms } from '#shared/random'
import { augmentation, augmentationDraws } from '#model/augment/crop'
import { fineTune } from './fine-tune'
import { featuresStep, readingOf } from '#inference/features/features-step'
import { ForwardPass } from '#inference/features/forward-pass'
import { type FeatureRows, nearest, votes } from '#inference/features/knn'
import type { Task } from './labelled'
import { trainProbe } from './linear-probe'
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
  const views = kind === 'probe' && s.views > 1 ? s.views : 0
  const features = await makeFeatures(subject, task, s, views, report)
  if (report.stopped()) return null // some images have no features
  if (kind === 'probe') return trainProbe(subject.engine, s, features, report)
  const { engine } = subject
  const k = Math.min(s.neighbours, features.labels.length)
  const found = await nearest(engine, features.views[0]!, features.validation.features, k)
  const given = votes(found, features.labels, task.classes.length, s.temperature)
  return {
    score: scoreOf(given, task.validation.labels, task.classes, {
      paths: task.validation.images.map(({ path }) => path),
      shares: shareOfVotes,
    }),
    classifier: null,
  }
}

/** Features by the frozen encoder: of `views` crops of each training image, or of its centre where 0; of validation images. */
async function makeFeatures(
  { engine, h, weights, decoders, statistics }: Subject,
  { folder, classes, train, validation }: Task,
  { block, pooling }: Pick<KnnSettings | ProbeSettings, 'block' | 'pooling'>,
  views: number,
  report: Reporter,
) {
  if (block > h.depth)
    throw new AppError(
      'bad-settings',
      `The encoder has ${h.depth} blocks.`,
      `Choose a block from 1 to ${h.depth}.`,
    )
  const state = engine.createState(weights)
  const pass = await ForwardPass.open(engine, state, featuresStep(h, [readingOf[pooling]], block), {
    size: h.imageSize,
    decoders,
    statistics,
  })
  const total = Math.max(views, 1) * train.images.length + validation.images.length
  let before = 0
  const make = async (images: Task['train']['images'], view?: number): Promise<FeatureRows> => {
    const rows = await pass.rows(folder, images, {
      cropOf:
        view === undefined
          ? undefined
          : ({ width, height }, i) =>
              augmentation(width, height, h, uniforms(h.seed, purposes.crop, view, i, augmentationDraws)),
      onProgress: (done) => report.features?.(before + done, total),
      stopped: report.stopped,
    })
    before += images.length
    return rows
  }
  try {
    const made: FeatureRows[] = []
    for (let view = 0; view < Math.max(views, 1); view++)
      made.push(await make(train.images, views ? view : undefined))
    return {
      classes,
      views: made,
      labels: train.labels,
      validation: {
        features: await make(validation.images),
        labels: validation.labels,
        paths: validation.images.map(({ path }) => path),
      },
    }
  } finally {
    await pass.close()
    state.dispose()
  }
}
