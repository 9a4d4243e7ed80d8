import { AppError } from '#shared/errors'
import type { ImageFile, Manifest } from '#images/manifest'
import { splitOf } from '#images/index/split'

/** Images with the class of each, by its place among the classes. */
interface Labelled {
  images: ImageFile[]
  labels: Int32Array
}

/** What is to be told apart: images of classes to learn from, and others to be asked about. */
export interface Task {
  folder: string
  classes: string[]
  train: Labelled
  validation: Labelled
}

/** What is kept for validation where nothing is held out: one image in five, the same ones each time. */
const rule = { fraction: 0.2, seed: 0 }

/** Says of each of the images whether it is kept for validation. */
export function isHeldOut(images: ImageFile[]): (image: ImageFile) => boolean {
  const held = images.some(({ split }) => split === 'validation')
  return (image) =>
    held ? image.split === 'validation' : splitOf({ ...image, split: null }, rule, false) === 'validation'
}

/**
 * The task of the images with a class: those to train on and those held out, where the run or its folders hold some out,
 * else a fifth. Throws AppError too-few-images.
 */
export function taskOf(folder: string, manifest: Manifest): Task {
  const all = Array.from({ length: manifest.length }, (_, i) => manifest.at(i))
  const images = all.filter((image) => image.class !== null)
  const classes = [...new Set(images.map((image) => image.class!))].sort()
  const isHeld = isHeldOut(images)
  const part = (validation: boolean): Labelled => {
    const chosen = images.filter((image) => image.split !== 'test' && isHeld(image) === validation)
    return { images: chosen, labels: Int32Array.from(chosen, (image) => classes.indexOf(image.class!)) }
  }
  const task = { folder, classes, train: part(false), validation: part(true) }
  if (classes.length < 2 || task.train.images.length < 2 || task.validation.images.length === 0)
    throw new AppError(
      'too-few-images',
      `${folder} has too few images in class folders: ${images.length} in ${classes.length}.`,
      'Put the images of each class into a folder of its own; two classes and some ten images are the least.',
    )
  return task
}
