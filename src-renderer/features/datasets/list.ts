import { defineStore } from 'pinia'
import { computed, ref } from 'vue'
import type { Dataset } from '#shared/contract'
import { counted } from '#shared/words'
import { bytes } from '#ui/format'
import { useRuns } from '#features/runs/store'
import { useDatasets } from './store'

export const sorts = { used: 'Last used', name: 'Name', images: 'Most images' } as const

/** What there is to see of the list of data sets: how it is searched, sorted and laid out, and how each of them stands. */
export const useDatasetList = defineStore('dataset-list', () => {
  const datasets = useDatasets()
  const runs = useRuns()
  const search = ref('')
  const sort = ref<keyof typeof sorts>('used')
  const layout = ref<'cards' | 'table'>('cards')

  const runsOn = ({ folder }: Pick<Dataset, 'folder'>) =>
    runs.all.filter((run) => run.dataset.folder === folder)
  /** When it was added or trained on last. */
  const usedAt = (dataset: Dataset) =>
    runsOn(dataset).reduce((last, { createdAt }) => (createdAt > last ? createdAt : last), dataset.addedAt)
  const orders: Record<keyof typeof sorts, (a: Dataset, b: Dataset) => number> = {
    used: (a, b) => (usedAt(a) < usedAt(b) ? 1 : -1),
    name: (a, b) => a.name.localeCompare(b.name),
    images: (a, b) => b.images - a.images,
  }
  const shown = computed(() => {
    const text = search.value.trim().toLowerCase()
    return datasets.all
      .filter(({ name, folder }) => `${name} ${folder}`.toLowerCase().includes(text))
      .sort(orders[sort.value])
  })

  const isTraining = (dataset: Dataset) => runs.active !== undefined && runsOn(dataset).includes(runs.active)

  return { search, sort, layout, shown, runsOn, usedAt, isTraining }
})

/** How many images a person should look at before training. */
export const toReview = ({ copies, unreadable }: Dataset) => copies + unreadable

/** What a data set is, in a few words. */
export function factsOf({ images, classes, splits, bytes: size }: Dataset): string[] {
  const used = [splits.train, splits.validation, splits.test].filter((count) => count > 0).length
  return [
    counted(images, 'images'),
    classes.length ? counted(classes.length, 'classes') : 'No classes',
    ...(used ? [counted(used, 'splits')] : []),
    bytes(size),
  ]
}

/** The sizes of images: `64 × 64 px`, or from the smallest to the largest sides. */
export function sideRange({
  minimumWidth,
  maximumWidth,
  minimumHeight,
  maximumHeight,
}: NonNullable<Dataset['sizes']>): string {
  const range = (low: number, high: number) => (low === high ? String(low) : `${low}–${high}`)
  return `${range(minimumWidth, maximumWidth)} × ${range(minimumHeight, maximumHeight)} px`
}
