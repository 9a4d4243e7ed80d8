import path from 'node:path'
import { AppError } from '#shared/errors'
import { counted } from '#shared/words'
import { fewAtOnce } from '#storage/few-at-once'
import { readHeader } from '#images/decode/header'
import type { ImageFile } from '#images/manifest'
import { centredMask, maskFile, masksFolder, readMask, unlabelled } from '#images/masks'

/** Masks that are named one by one where they are left out. */
const named = 10

/** Images with what their masks say of their middle squares, [size, size] each. */
export interface Masked {
  images: ImageFile[]
  masks: Uint8Array[]
}

/**
 * The masks of images at a size. Images whose mask cannot be read or is of another size are left out; what is told of them
 * goes to `notice`.
 */
export async function readMasks(
  folder: string,
  images: ImageFile[],
  size: number,
  notice: (text: string) => void,
): Promise<Masked> {
  const leftOut: string[] = []
  let turned = 0
  const masks = await fewAtOnce(images, async (image) => {
    const file = maskFile(folder, image.path)
    try {
      const mask = await readMask(file)
      if (mask.width !== image.width || mask.height !== image.height) {
        leftOut.push(`${file} is ${differently(mask, image)}.`)
        return null
      }
      if (await isTurnedWithin(path.join(folder, image.path))) turned++
      return centredMask(mask, size)
    } catch (error) {
      if (!(error instanceof AppError)) throw error
      leftOut.push(error.message)
    }
    return null
  })
  for (const text of leftOut.slice(0, named)) notice(`Left out: ${text}`)
  if (leftOut.length > named) notice(`Left out: ${counted(leftOut.length - named, 'more masks')}.`)
  if (turned > 0)
    notice(
      `EXIF turns ${counted(turned, 'images')} by 180 degrees or mirrors them. Their masks are taken as they are: look whether they are turned alike.`,
    )
  const kept = [...masks.keys()].filter((i) => masks[i] !== null)
  return { images: kept.map((i) => images[i]!), masks: kept.map((i) => masks[i]!) }
}

/** Whether EXIF turns an image so that its sides stay, from which no mask shows whether it is turned too. */
const isTurnedWithin = (file: string) =>
  readHeader(file).then(
    ({ orientation }) => orientation >= 2 && orientation <= 4,
    () => false, // why it cannot be read is told where it is decoded
  )

interface Sides {
  width: number
  height: number
}

function differently(mask: Sides, image: Sides): string {
  const sides = `${mask.width} × ${mask.height}, its image ${image.width} × ${image.height}`
  return mask.width === image.height && mask.height === image.width
    ? `${sides} as its EXIF orientation turns it: save the mask turned like that`
    : sides
}

/**
 * Where masks hold nothing but 0 and 255, as drawing programs save them, 255 becomes class 1: that nothing but one class is
 * labelled cannot be meant. Answers whether that was so.
 */
export function asTwoClasses(masks: Uint8Array[]): boolean {
  const isBinary = masks.every((mask) => mask.every((label) => label === 0 || label === unlabelled))
  if (
    !isBinary ||
    !masks.some((mask) => mask.includes(0)) ||
    !masks.some((mask) => mask.includes(unlabelled))
  )
    return false
  for (const mask of masks) mask.forEach((label, i) => (mask[i] = label && 1))
  return true
}

/** Throws AppError too-few-images where too few masks are left to learn from and to measure with. */
export function expectMasks(folder: string, train: Masked, validation: Masked): void {
  if (train.images.length && validation.images.length) return
  const left = train.images.length + validation.images.length
  throw new AppError(
    'too-few-images',
    `Only ${counted(left, 'masks')} in ${masksFolder(folder)} can be read and have the size of their image.`,
    `Masks are indexed or grey PNG files as large as their images.`,
  )
}
