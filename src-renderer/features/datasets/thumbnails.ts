import { reactive, ref } from 'vue'
import type { DatasetFilter, DatasetImage } from '#shared/contract'
import { backend } from '#backend'
import { fileUrl } from '#ui/file-url'
import { useDatasets } from './store'

const pageSize = 200

/** The address of the thumbnail of an image of a data set. */
export const thumbnailUrl = (dataset: string, image: DatasetImage) =>
  fileUrl(`thumbnail/${dataset}/${image.id}`)

/** Any number of images of a data set, loaded by pages when one of them is asked for. */
export function useThumbnails(dataset: string, filter: DatasetFilter) {
  const datasets = useDatasets()
  const total = ref(0)
  const pages = reactive(new Map<number, DatasetImage[]>())
  const requested = new Set<number>()

  async function load(page: number) {
    if (requested.has(page)) return
    requested.add(page)
    const range = { offset: page * pageSize, limit: pageSize }
    const answer = await backend['datasets.images']({ id: dataset, ...range, ...filter })
    total.value = answer.total
    pages.set(page, answer.images)
  }
  /** The image at a place; undefined until its page has come. */
  function imageAt(place: number): DatasetImage | undefined {
    const page = Math.floor(place / pageSize)
    void load(page)
    return pages.get(page)?.[place % pageSize]
  }
  /** Loads everything again. Images at the visible places are shown until then. */
  function renew(seen: number[]) {
    const kept = new Set([0, ...seen.map((place) => Math.floor(place / pageSize))])
    requested.clear()
    for (const page of pages.keys()) if (!kept.has(page)) pages.delete(page)
    for (const page of kept) void load(page)
  }
  async function toggle(image: DatasetImage) {
    const excluded = !image.excluded
    await datasets.exclude(dataset, [image.id], excluded)
    image.excluded = excluded
  }
  return { total, load, imageAt, renew, toggle }
}
