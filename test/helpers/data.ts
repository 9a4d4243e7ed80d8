import { DatasetIndex } from '#images/index/dataset-index'
import { Manifest } from '#images/manifest'
import { splitOf } from '#images/index/split'

/** What a scan of a folder finds, with an index in memory. */
export async function scan(folder: string) {
  const index = new DatasetIndex(folder, ':memory:')
  await index.scan()
  const usable = [...index.usable()].flat()
  const files = usable.map((image) => ({ ...image, split: splitOf(image, { fraction: 0, seed: 0 }, true) }))
  const images = await Manifest.of(files)
  return {
    index,
    files,
    /** What `openBatches` takes. */
    images,
    chosen: images.indicesOf('train'),
    unreadable: index.unreadable(0, 1000).files,
  }
}
