import type { DatasetImage } from '#shared/contract'
import { fileUrl } from '#ui/file-url'

/** The address of the thumbnail of an image of a data set. */
export const thumbnailUrl = (dataset: string, image: Pick<DatasetImage, 'id'>) =>
  fileUrl(`thumbnail/${dataset}/${image.id}`)

/** The address of an image as large as it is, up to 1600 pixels. */
export const pictureUrl = (dataset: string, image: Pick<DatasetImage, 'id'>) =>
  fileUrl(`picture/${dataset}/${image.id}`)
