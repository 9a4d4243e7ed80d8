import { defineStore } from 'pinia'
import { computed, ref, shallowRef, watch } from 'vue'
import type {
  CallOutput,
  EmbeddingChoice,
  EmbeddingFormat,
  EmbeddingMap,
  Feature,
  FoundImage,
  ImageSource,
} from '#shared/contract'
import { backend, onEvent } from '#backend'
import { useDatasets } from '#features/datasets/store'
import { useInspect } from '#features/inspect/store'
import { thumbnailUrl } from '#features/inspect/thumbnail'
import { useApp } from '#shell/store'

/** What points are coloured by. */
export const colourings = { class: 'Class', split: 'Split', loss: 'Loss' } as const

/** Images that lists beside the map show. */
const shown = { neighbours: 8, extremes: 12 }

/** The images of a data set as a checkpoint sees them: embedded once, then mapped, searched and sorted. */
export const useEmbeddings = defineStore('embeddings', () => {
  const app = useApp()
  const inspect = useInspect()
  const datasets = useDatasets()

  const source = ref<ImageSource | null>(null)
  const limit = ref(2000)
  const feature = ref<Feature>('pooled')
  const method = ref<'pca' | 'umap'>('umap')
  const by = ref<'hard' | 'easy' | 'odd'>('hard')
  const colour = ref<keyof typeof colourings>('class')

  /** What was embedded last and when; null before that, or if the choice has changed since. */
  const done = ref<{
    choice: EmbeddingChoice
    images: number
    unreadable: number
    seconds: number
    at: number
  } | null>(null)
  const busy = ref<'embed' | 'map' | null>(null)
  const share = ref(0)
  const map = shallowRef<EmbeddingMap | null>(null)
  /** The image whose neighbours are shown, by its path. */
  const centre = ref<string | null>(null)
  const neighbours = ref<FoundImage[]>([])
  const extremes = ref<FoundImage[]>([])
  const agreement = ref<CallOutput<'inspect.agreement'>>([])

  onEvent('inspect.progress', ({ what, share: reached }) => {
    if (what === busy.value) share.value = reached
  })

  const choice = computed<EmbeddingChoice | null>(() =>
    inspect.run && inspect.checkpoint && source.value
      ? { run: inspect.run.id, step: inspect.checkpoint.step, source: source.value, limit: limit.value }
      : null,
  )
  watch(
    () => JSON.stringify(choice.value),
    (now) => {
      if (done.value && JSON.stringify(done.value.choice) !== now) done.value = map.value = null
      selected.value = []
    },
  )

  async function working<T>(what: 'embed' | 'map', work: () => Promise<T>): Promise<T | undefined> {
    share.value = 0
    busy.value = what
    const result = await app.attempt(work)
    busy.value = null
    return result
  }
  async function embed() {
    const wanted = choice.value!
    const found = await working('embed', () => backend['inspect.embed'](wanted))
    if (!found) return
    done.value = { choice: wanted, ...found, at: Date.now() }
    centre.value = null
    neighbours.value = []
    await Promise.all([draw(), sort(), compare()])
  }
  async function draw() {
    if (!done.value) return
    const question = { ...done.value.choice, feature: feature.value, method: method.value }
    const drawn = await working('map', () => backend['inspect.map'](question))
    if (drawn === null)
      method.value = 'pca' // UMAP was stopped too early to show anything
    else map.value = drawn ?? map.value
  }
  async function sort() {
    if (!done.value) return
    const question = { ...done.value.choice, feature: feature.value, by: by.value, count: shown.extremes }
    extremes.value = (await app.attempt(() => backend['inspect.extremes'](question))) ?? []
  }
  async function compare() {
    if (!done.value) return
    const question = { ...done.value.choice, feature: feature.value }
    agreement.value = (await app.attempt(() => backend['inspect.agreement'](question))) ?? []
  }
  async function look(path: string | null) {
    if (!done.value) return
    centre.value = path
    neighbours.value = []
    if (path === null) return
    inspect.image = { source: done.value.choice.source, path }
    const question = { ...done.value.choice, feature: feature.value, path, count: shown.neighbours }
    neighbours.value = (await app.attempt(() => backend['inspect.neighbours'](question))) ?? []
  }
  watch([feature, method], draw)
  watch([feature, by], sort)
  watch(feature, compare)
  watch(feature, () => centre.value !== null && look(centre.value))

  /** Class and loss of an image on the map. */
  function aboutImage(path: string): { class: string; loss: number } | null {
    const at = map.value?.paths.indexOf(path) ?? -1
    if (!map.value || at < 0) return null
    const classes = map.value.groupings.find(({ name }) => name === 'class')
    return { class: classes?.values[classes.of[at]!] ?? '', loss: map.value.loss[at]! }
  }

  /** Images chosen on the map, by their paths. */
  const selected = ref<string[]>([])
  const toggle = (path: string) =>
    (selected.value = selected.value.includes(path)
      ? selected.value.filter((one) => one !== path)
      : [...selected.value, path])
  /** The data set that the images are of; undefined where it is in no list. */
  const dataset = computed(() =>
    source.value?.kind === 'dataset'
      ? datasets.byId.get(source.value.id)
      : datasets.all.find(({ folder }) => folder === inspect.run?.dataset.folder),
  )
  /** What was excluded last, so that it can be taken back. */
  const excluded = ref<{ dataset: string; paths: string[] } | null>(null)
  async function exclude() {
    const [id, paths] = [dataset.value?.id, selected.value]
    if (!id || paths.length === 0) return
    const left = await app.attempt(() => datasets.excludePaths(id, paths, true))
    if (!left) return
    excluded.value = { dataset: id, paths }
    selected.value = []
  }
  async function undo() {
    const last = excluded.value
    if (!last) return
    await app.attempt(() => datasets.excludePaths(last.dataset, last.paths, false))
    excluded.value = null
  }

  /** What was exported last. */
  const written = ref<{ path: string; bytes: number } | null>(null)
  const saving = ref(false)
  async function save(format: EmbeddingFormat, patchTokens: boolean) {
    const folder = await app.attempt(() => app.pickFolder('Choose a folder for the vectors'))
    if (!folder || !done.value) return
    saving.value = true
    const question = { ...done.value.choice, format, patchTokens, folder }
    written.value = (await app.attempt(() => backend['inspect.exportEmbeddings'](question))) ?? null
    saving.value = false
  }

  const stop = () => app.attempt(() => backend['inspect.stop'](undefined))
  const thumbnail = (path: string) => (source.value ? thumbnailUrl({ source: source.value, path }) : '')

  return {
    ...{ source, limit, feature, method, by, colour, choice },
    ...{ done, busy, share, map, embed, stop },
    ...{ centre, look, aboutImage, neighbours, extremes, agreement },
    ...{ selected, toggle, dataset, exclude, excluded, undo },
    ...{ written, saving, save, thumbnail },
  }
})
