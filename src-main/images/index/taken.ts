import { csvTable } from '#shared/csv'
import type { DatasetImage } from '#shared/contract'
import type { DatasetIndex } from './dataset-index'
import { imageColumns, toImage } from './filtered'

/** Some readable images by their numbers, in the order of their paths. */
export const imagesBy = (index: DatasetIndex, ids: number[]): DatasetImage[] =>
  index
    .rows<Parameters<typeof toImage>[0]>(
      `SELECT ${imageColumns} FROM files WHERE problem IS NULL AND id IN (SELECT value FROM json_each(?)) ORDER BY path`,
      JSON.stringify(ids),
    )
    .map(toImage)

/** What is known of images, a line each. */
export const imagesCsv = (images: DatasetImage[]): string =>
  csvTable([
    ['path', 'class', 'split', 'tags', 'width', 'height', 'bytes', 'excluded'],
    ...images.map((one) => [
      ...[one.path, one.class ?? '', one.split ?? '', one.tags.join(';')],
      ...[String(one.width), String(one.height), String(one.bytes), one.excluded ? 'yes' : 'no'],
    ]),
  ])

/** Images in the format of COCO's annotations of objects: the class of an image is that of the whole of it. */
export function imagesCoco(images: DatasetImage[]): string {
  const classes = [...new Set(images.flatMap((one) => one.class ?? []))].sort()
  return JSON.stringify(
    {
      images: images.map((one) => ({
        id: one.id,
        file_name: one.path,
        width: one.width,
        height: one.height,
      })),
      categories: classes.map((name, i) => ({ id: i + 1, name })),
      annotations: images
        .filter((one) => one.class !== null)
        .map((one, i) => ({
          ...{ id: i + 1, image_id: one.id, category_id: 1 + classes.indexOf(one.class!) },
          ...{ bbox: [0, 0, one.width, one.height], area: one.width * one.height, iscrowd: 0 },
        })),
    },
    null,
    1,
  )
}
