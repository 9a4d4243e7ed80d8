import { AppError } from '#shared/errors'
import type { ImageFile, Manifest } from '#images/manifest'
import { splitOf } from '#images/index/split'

/** Images and the index of each one's class. */
interface Labelled {
  images: ImageFile[]
  labels: Int32Array
}

/** A classification task: the classes, training images and held-out images. */
export interface Task {
  folder: string
  classes: string[]
  train: Labelled
  validation: Labelled
}

/** Where nothing is held out, one image in five is, the same ones each time. */
const rule = { fraction: 0.2, seed: 0 }

/** Tells whether an image is held out. */
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
      'Put the images of each class in a folder of their own: at least two classes and about ten images.',
    )
  return task
}
