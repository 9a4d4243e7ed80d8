import { existsSync } from 'node:fs'
import { freemem } from 'node:os'
import path from 'node:path'
import type { SegmentationSettings } from '#shared/settings/evaluation'
import { AppError } from '#shared/errors'
import { bytes } from '#shared/format'
import { counted } from '#shared/words'
import type { Manifest, ImageFile } from '#images/manifest'
import { centred } from '#images/crops'
import { readWhole } from '#images/decode/source'
import { maskFile, masksFolder, unlabelled } from '#images/masks'
import * as tf from '#model/tensor/tf'
import type { Reporter, Subject } from './subject'
import type { Outcome } from '#storage/evaluation-folder'
import { imageSizeOf } from '#model/heads/classifier'
import { ForwardPass } from '#inference/features/forward-pass'
import { isHeldOut } from './labelled'
import { trainLinear } from './linear-probe'
import { asTwoClasses, expectMasks, readMasks } from './segmentation-masks'
import { classesOfPixels, countPixels, segmentationScore } from './segmentation-score'
import { encode } from '#model/vit/encoder'
import { patchTokens } from '#model/vit/pool'

/** Images with masks: training images and held-out images. */
export interface SegmentationTask {
  folder: string
  train: { images: ImageFile[] }
  validation: { images: ImageFile[] }
}

/** The images that have a mask, split as for classes. Throws AppError too-few-images. */
export function segmentationTaskOf(folder: string, manifest: Manifest): SegmentationTask {
  const all = Array.from({ length: manifest.length }, (_, i) => manifest.at(i))
  const images = all.filter((image) => image.split !== 'test' && existsSync(maskFile(folder, image.path)))
  const isHeld = isHeldOut(images)
  const part = (held: boolean) => ({ images: images.filter((image) => isHeld(image) === held) })
  const task = { folder, train: part(false), validation: part(true) }
  if (task.train.images.length && task.validation.images.length) return task
  throw new AppError(
    'too-few-images',
    `Only ${images.length} images of ${folder} have a mask.`,
    `Put masks as PNG files in ${masksFolder(folder)}, named like the images: at least about ten.`,
  )
}

/**
 * A linear layer that predicts the class of each patch from its tokens of several frozen blocks; its logits are
 * interpolated between the centres of patches. Images and masks are cropped to the middle square.
 */
export async function segment(
  subject: Subject,
  s: SegmentationSettings,
  task: SegmentationTask,
  report: Reporter,
): Promise<Outcome> {
  const size = imageSizeOf(subject.h, s)
  const grid = size / subject.h.patchSize
  const read = (images: ImageFile[]) => readMasks(task.folder, images, size, report.notice)
  const [train, validation] = [await read(task.train.images), await read(task.validation.images)]
  expectMasks(task.folder, train, validation)
  const masks = [...train.masks, ...validation.masks]
  if (asTwoClasses(masks))
    report.notice('The masks hold only 0 and 255: 255 is taken for class 1, not for what is not labelled.')
  const classes = await classNames(task.folder, masks)
  const features = await patchFeatures(subject, s, { folder: task.folder, train, validation }, size, report)

  /** [images · N, classes]: the share of each class in each patch's labelled pixels. */
  const shares = train.masks.map((mask) => classShares(mask, grid, classes.length))
  const labelled = shares.flatMap((image, i) =>
    Array.from({ length: grid * grid }, (_, patch) => i * grid * grid + patch).filter((_, patch) =>
      image.subarray(patch * classes.length, (patch + 1) * classes.length).some((share) => share > 0),
    ),
  )
  return trainLinear(
    subject.engine,
    s,
    {
      classes: classes.length,
      width: features.train.width,
      viewOf: () => Promise.resolve(features.train),
      rows: Uint32Array.from(labelled),
      targetsOf(rows) {
        const targets = new Float32Array(rows.length * classes.length)
        rows.forEach((row, b) => {
          const [image, patch] = [Math.floor(row / grid ** 2), row % grid ** 2]
          const start = patch * classes.length
          targets.set(shares[image]!.subarray(start, start + classes.length), b * classes.length)
        })
        return targets
      },
      scoreEvery: Math.max(1, Math.floor(s.epochs / 10)),
      async score(logitsOf) {
        const logits = await logitsOf(features.validation)
        const confusion = classes.map(() => classes.map(() => 0))
        const each = grid * grid * classes.length
        validation.masks.forEach((mask, i) => {
          const named = classesOfPixels(logits.subarray(i * each, (i + 1) * each), grid, size, classes.length)
          countPixels(confusion, mask, named)
        })
        return segmentationScore(confusion, classes, validation.masks.length)
      },
    },
    report,
  )
}

/** Tokens of the patches of all images, those of several blocks beside each other: rows [images · N, blocks · C]. */
async function patchFeatures(
  { engine, h, weights, decoders, statistics }: Subject,
  { blocks }: SegmentationSettings,
  { folder, train, validation }: SegmentationTask,
  size: number,
  report: Reporter,
) {
  const count = Math.min(blocks, h.depth)
  const chosen = Array.from({ length: count }, (_, i) => Math.ceil(((i + 1) * h.depth) / count) - 1)
  const tokens = (size / h.patchSize) ** 2
  const width = chosen.length * h.width
  const total = train.images.length + validation.images.length
  const needed = total * tokens * width * 4
  if (needed > 0.6 * freemem())
    throw new AppError(
      'out-of-memory',
      `The features of ${counted(total, 'images')} take ${bytes(needed)}.`,
      'Choose a smaller image size, fewer blocks or fewer images.',
    )
  const state = engine.createState(weights)
  const pass = await ForwardPass.open(
    engine,
    state,
    (w, { images }) => {
      const all = encode(w, h, images!)
      const joined = tf.concat(
        chosen.map((block) => all[block]!),
        2,
      ) // [B, 1+N, blocks · C]
      return { outputs: { rows: patchTokens(joined).reshape([images!.shape[0]!, -1]) } }
    },
    // A few megabytes of features at a time.
    { size, decoders, statistics, batch: Math.min(64, Math.max(1, Math.floor(2 ** 22 / (tokens * width)))) },
  )
  let before = 0
  const make = async (images: ImageFile[]) => {
    const { values } = await pass.rows(folder, images, {
      cropOf: centred, // as the masks are
      onProgress: (done) => report.features?.(before + done, total),
      stopped: report.stopped,
    })
    before += images.length
    return { values, width }
  }
  try {
    return { train: await make(train.images), validation: await make(validation.images) }
  } finally {
    await pass.close()
    state.dispose()
  }
}

/** Shares of the classes in each patch of a mask [size, size], among its labelled pixels: [N, classes], 0 where none is. */
export function classShares(mask: Uint8Array, grid: number, classes: number): Float32Array {
  const size = Math.sqrt(mask.length)
  const side = size / grid
  const shares = new Float32Array(grid * grid * classes)
  const counts = new Float32Array(grid * grid)
  mask.forEach((label, i) => {
    if (label === unlabelled) return
    const patch = Math.floor(Math.floor(i / size) / side) * grid + Math.floor((i % size) / side)
    shares[patch * classes + label]!++
    counts[patch]!++
  })
  return shares.map((count, i) => count / Math.max(counts[Math.floor(i / classes)]!, 1))
}

/** A name for each number in the masks: the lines of masks/classes.txt, or the numbers. */
async function classNames(folder: string, masks: Uint8Array[]): Promise<string[]> {
  let count = 0
  for (const mask of masks)
    for (const label of mask) if (label !== unlabelled && label >= count) count = label + 1
  const text = await readWhole(path.join(masksFolder(folder), 'classes.txt')).then(String, () => '')
  const lines = text.split('\n').map((line) => line.trim())
  if (count > 1) return Array.from({ length: count }, (_, c) => lines[c] || `class ${c}`)
  throw new AppError(
    'too-few-images',
    `The masks of ${folder} have fewer than two classes.`,
    'Label at least two. The value 255 means not labelled.',
  )
}
