import { z } from 'zod'
import { count, time } from './common'
import { id } from './strings'

/** What names the classes of images. */
export const classifierKinds = {
  'few-shot': 'Few labels',
  knn: 'Nearest neighbours',
  probe: 'Linear probe',
  finetune: 'Fine-tuned',
} as const
export type ClassifierKind = keyof typeof classifierKinds

export const classifier = z.object({
  /** Stays the same whatever its name. */
  key: z.string(),
  kind: z.enum(Object.keys(classifierKinds) as [ClassifierKind, ...ClassifierKind[]]),
  name: z.string(),
  /** The run and checkpoint that its features are of; null where they began at random. */
  run: id,
  step: count.nullable(),
  /** The data set that it learned from, and how many labels that were. */
  dataset: z.string(),
  labels: count,
  classes: z.array(z.string()),
  /** The share of images that it named right, of those that it was tested on: held-out ones, or each label without itself. */
  accuracy: z.object({ share: z.number(), of: count }).nullable(),
  createdAt: time,
})
export type Classifier = z.infer<typeof classifier>
