import { defineStore } from 'pinia'
import { computed, ref } from 'vue'
import type { CallInput, Dataset, DatasetImage, LabelChange, PairKind } from '#shared/contract'
import { counted } from '#shared/words'
import { backend, onEvent } from '#backend'

/** Pictures on the card of a data set. */
const pictures = 12
/** Images that are asked for by their paths at once. */
const askedAtOnce = 1000

/** All data sets, and what can be done with them. */
export const useDatasets = defineStore('datasets', () => {
  const byId = ref(new Map<string, Dataset>())
  const loaded = ref(false)
  const all = computed(() => [...byId.value.values()].sort((a, b) => (a.addedAt < b.addedAt ? 1 : -1)))
  const ready = computed(() => all.value.filter(({ status }) => status === 'ready'))
  /** The data sets that can be chosen, as items of a list. */
  const choices = computed(() =>
    ready.value.map(({ id, name, images }) => ({
      title: `${name} (${counted(images, 'images')})`,
      value: id,
    })),
  )

  const set = (dataset: Dataset) => void byId.value.set(dataset.id, dataset)
  onEvent('datasets.changed', set)
  onEvent('datasets.removed', ({ id }) => void byId.value.delete(id))

  async function load() {
    const list = await backend['datasets.list'](undefined)
    byId.value = new Map(list.map((dataset) => [dataset.id, dataset]))
    loaded.value = true
  }

  async function keep(answer: Promise<Dataset>): Promise<Dataset> {
    const dataset = await answer
    set(dataset)
    return dataset
  }
  const add = (folder: string) => keep(backend['datasets.add']({ folder }))
  const addSample = () => keep(backend['datasets.addSample'](undefined))
  const rescan = (id: string) => keep(backend['datasets.rescan']({ id }))
  const stopScan = (id: string) => backend['datasets.stopScan']({ id })
  const follow = (id: string) => backend['datasets.watch']({ id })
  const rename = (id: string, name: string) => keep(backend['datasets.rename']({ id, name }))

  const check = (id: string, again = false) => keep(backend['datasets.check']({ id, again }))
  const label = (id: string, images: number[], change: LabelChange) =>
    keep(backend['datasets.label']({ id, images, change }))
  const importLabels = (id: string, text: string, name: string) =>
    keep(backend['datasets.importLabels']({ id, text, name }))
  const undo = (id: string) => keep(backend['datasets.undo']({ id }))
  const exclude = (id: string, images: number[], excluded: boolean) => label(id, images, { excluded })
  /** The same for images by their paths; answers the data set. */
  async function excludePaths(id: string, paths: string[], excluded: boolean): Promise<Dataset> {
    const found: number[] = []
    for (let first = 0; first < paths.length; first += askedAtOnce) {
      const asked = { id, offset: 0, limit: askedAtOnce, paths: paths.slice(first, first + askedAtOnce) }
      found.push(...(await backend['datasets.images'](asked)).images.map((image) => image.id))
    }
    return exclude(id, found, excluded)
  }
  const excludeDuplicates = (id: string, kind: PairKind) =>
    keep(backend['datasets.excludeDuplicates']({ id, kind }))
  const tagDiverse = (asked: CallInput<'datasets.tagDiverse'>) => keep(backend['datasets.tagDiverse'](asked))
  const keepPair = (id: string, copy: number, of: number, kept: boolean) =>
    keep(backend['datasets.keepPair']({ id, copy, of, kept }))

  /** Takes another folder for one that moved. */
  async function locate(id: string, folder: string): Promise<Dataset> {
    const found = await keep(backend['datasets.locate']({ id, folder }))
    if (found.id !== id) byId.value.delete(id)
    return found
  }
  async function remove(id: string) {
    await backend['datasets.remove']({ id })
    byId.value.delete(id)
  }

  /** Pictures for the cards, evenly spread over each data set. */
  const samples = ref(new Map<string, DatasetImage[]>())
  async function loadSample(id: string) {
    samples.value.set(id, await backend['datasets.sample']({ id, count: pictures }))
  }

  return {
    byId,
    all,
    ready,
    choices,
    loaded,
    load,
    add,
    addSample,
    rescan,
    stopScan,
    follow,
    rename,
    check,
    label,
    undo,
    importLabels,
    exclude,
    excludePaths,
    excludeDuplicates,
    tagDiverse,
    keepPair,
    locate,
    remove,
    samples,
    loadSample,
  }
})
