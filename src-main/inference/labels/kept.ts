import path from 'node:path'
import { z } from 'zod'
import { AppError } from '#shared/errors'
import { encodeSafetensors, decodeSafetensors } from '#formats/safetensors'
import { readChecked, writeFolderSafely } from '#storage/files'
import { isMissing } from '#storage/own-files'
import type { FewShot } from './few-shot'

/** What is known of a kept classifier, `classifier.json` of its folder; `weights.safetensors` beside it has the numbers. */
const aboutClassifier = z.object({
  format: z.literal(1),
  name: z.string(),
  /** The checkpoint whose features it names classes by. */
  run: z.string(),
  step: z.int().min(0),
  /** The data set that it learned from, how many labels that were, and how many of these it finds without them. */
  dataset: z.string(),
  labels: z.int().min(0),
  right: z.int().min(0),
  createdAt: z.string(),
  classes: z.array(z.string()),
  width: z.int().min(1),
  temperature: z.number().positive(),
})
export type AboutClassifier = Omit<
  z.infer<typeof aboutClassifier>,
  'classes' | 'width' | 'temperature' | 'format'
>

const files = { about: 'classifier.json', weights: 'weights.safetensors' }

/** Writes a classifier as a new folder. */
export async function writeFewShot(folder: string, about: AboutClassifier, made: FewShot): Promise<void> {
  const { classes, width, temperature } = made
  const tensors = {
    centre: { shape: [width], values: made.centre },
    weights: { shape: [classes.length, width], values: Float32Array.from(made.weights) },
    bias: { shape: [classes.length], values: Float32Array.from(made.bias) },
  }
  await writeFolderSafely(folder, {
    [files.about]: `${JSON.stringify({ format: 1, ...about, classes, width, temperature }, null, 2)}\n`,
    [files.weights]: encodeSafetensors(tensors),
  })
}

/** Reads what `writeFewShot` wrote; null where the folder holds no such thing. Throws AppError checkpoint-corrupt. */
export async function readFewShot(
  folder: string,
): Promise<{ about: AboutClassifier; classifier: FewShot } | null> {
  try {
    const text = String(await readChecked(folder, files.about))
    const { classes, width, temperature, ...about } = aboutClassifier.parse(JSON.parse(text))
    const { tensors } = decodeSafetensors(await readChecked(folder, files.weights))
    const of = (name: string) => tensors[name]!.values as Float32Array
    const weights = Float64Array.from(of('weights'))
    const bias = Float64Array.from(of('bias'))
    return { about, classifier: { classes, width, temperature, centre: of('centre'), weights, bias } }
  } catch (error) {
    if (isMissing(error)) return null
    throw new AppError(
      'checkpoint-corrupt',
      `The classifier in ${path.basename(folder)} is not what was written.`,
      'Keep it again.',
    )
  }
}
