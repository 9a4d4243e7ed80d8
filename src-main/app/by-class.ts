import { constants } from 'node:fs'
import { copyFile, link, mkdir } from 'node:fs/promises'
import path from 'node:path'
import { AppError } from '#shared/errors'
import { isWithin } from '#platform/roots'
import { fewAtOnce } from '#storage/few-at-once'
import { makeFolderSafely } from '#storage/files'
import { fileName, freeName, namesOf } from '#storage/free-name'
import { allowed } from './folders'

/** An image, relative to its folder, and the class that it goes to. */
interface Classed {
  path: string
  class: string
}

/**
 * Copies images into a new folder below another one, each into one of its class, under names that tell them apart; or links them there,
 * which takes no room: then both names are of one file. Answers the new folder. Throws AppError bad-settings where it would lie among the
 * images.
 */
export async function takeByClass(
  from: string,
  images: Classed[],
  into: string,
  how: 'copies' | 'links' = 'copies',
): Promise<string> {
  if (isWithin(from, path.resolve(into)))
    throw new AppError(
      'bad-settings',
      `${into} is in the folder of the images.`,
      'Choose one elsewhere: that folder stays as it is.',
    )
  const classes = [...new Set(images.map((image) => image.class))]
  const folders = namesOf(classes.map(fileName))
  const names = namesOf(images.map((image) => path.join(from, image.path)))
  const target = await freeName(into, `${fileName(path.basename(from))}-by-class`)
  await makeFolderSafely(target, async (temporary) => {
    await Promise.all(folders.map((folder) => mkdir(path.join(temporary, folder))))
    await fewAtOnce([...images.entries()], async ([i, image]) => {
      const source = await allowed(path.join(from, image.path))
      const folder = folders[classes.indexOf(image.class)]!
      const taken = path.join(temporary, folder, names[i]! + path.extname(image.path))
      await (how === 'links' ? link(source, taken) : copyFile(source, taken, constants.COPYFILE_EXCL))
    })
  })
  return target
}
