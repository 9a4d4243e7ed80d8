import { z } from 'zod'
import { call, count, filePath, nothing, time } from './common'
import { givenPicture, hostPath, id, words } from './strings'

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

/** Images that a classifier named the classes of. */
export const prediction = z.object({
  id,
  /** Where the images lie; null for pictures that a person gave. */
  folder: filePath.nullable(),
  classes: z.array(z.string()),
  /** The thumbnail of each is at `predicted/<prediction>/<place>`, larger at `…/large`; its class by the place in `classes`. */
  images: z.array(z.object({ path: z.string(), class: count, confidence: z.number() })),
  unreadable: z.array(z.object({ path: z.string(), reason: z.string() })),
  seconds: z.number(),
})
export type Prediction = z.infer<typeof prediction>

/** Some images of a prediction by their places, and where what is made of them goes. */
const taken = z.object({ id, images: z.array(count).max(1_000_000), folder: hostPath })

export const classifierCalls = {
  /** The classifiers of every kind, newest first. */
  'classifiers.list': call(nothing, z.array(classifier)),
  'classifiers.rename': call(z.object({ key: words(400, 1), name: words(200, 1) }), nothing),
  /** Removes one of few labels for good; the others belong to their evaluations. */
  'classifiers.remove': call(z.object({ key: words(400, 1) }), nothing),
  /** Puts a picture to those that a prediction is about, before it is made. Whoever asks chooses the id. */
  'classifiers.give': call(z.object({ id, name: words(400, 1), data: givenPicture }), nothing),
  /** Names the classes of all images below a folder, or of the pictures that were given, and reports `classifiers.progress`. */
  'classifiers.predict': call(z.object({ id, key: words(400, 1), folder: hostPath.optional() }), prediction),
  /** Ends a prediction; what was named by then is its answer. */
  'classifiers.stop': call(z.object({ id }), nothing),
  /** Writes a new CSV file with the probabilities of each class. */
  'classifiers.save': call(taken, z.object({ path: filePath })),
  /** Copies images to a new folder, each into a folder of its class. */
  'classifiers.copy': call(taken, z.object({ path: filePath })),
} as const

export const classifierEvents = {
  'classifiers.progress': z.object({ id, done: count, total: count }),
} as const
