import { defineStore } from 'pinia'
import { computed, ref, watch } from 'vue'
import type {
  EmbeddingChoice,
  EmbeddingFormat,
  EmbeddingMap,
  Feature,
  FoundImage,
  ImageSource,
} from '#shared/contract'
import { backend, onEvent } from '#backend'
import { useApp } from '#shell/store'
import { useInspect } from '#features/inspect/store'
import { thumbnailUrl } from '#features/inspect/thumbnail'

/** The images of a data set as a checkpoint sees them: embedded once, then mapped, searched and sorted. */
export const useEmbeddings = defineStore('embeddings', () => {
  const app = useApp()
  const inspect = useInspect()

  const source = ref<ImageSource | null>(null)
  const limit = ref(2000)
  const feature = ref<Feature>('pooled')
  const method = ref<'pca' | 'umap'>('pca')
  const by = ref<'hard' | 'easy' | 'odd'>('hard')

  /** What was embedded last; null before that, or if the choice has changed since. */
  const done = ref<{ choice: EmbeddingChoice; images: number; unreadable: number; seconds: number } | null>(
    null,
  )
  const busy = ref<'embed' | 'map' | null>(null)
  const share = ref(0)
  const map = ref<EmbeddingMap | null>(null)
  /** The image whose neighbours are shown, by its path. */
  const centre = ref<string | null>(null)
  const neighbours = ref<FoundImage[]>([])
  const extremes = ref<FoundImage[]>([])

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
    done.value = { choice: wanted, ...found }
    centre.value = null
    neighbours.value = []
    await Promise.all([draw(), sort()])
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
    const question = { ...done.value.choice, feature: feature.value, by: by.value, count: 24 }
    extremes.value = (await app.attempt(() => backend['inspect.extremes'](question))) ?? []
  }
  async function look(path: string) {
    if (!done.value) return
    centre.value = path
    const question = { ...done.value.choice, feature: feature.value, path, count: 12 }
    neighbours.value = (await app.attempt(() => backend['inspect.neighbours'](question))) ?? []
  }
  watch([feature, method], draw)
  watch([feature, by], sort)
  watch(feature, () => centre.value !== null && look(centre.value))

  /** What was exported last. */
  const written = ref<{ path: string; bytes: number } | null>(null)
  const saving = ref(false)
  async function save(format: EmbeddingFormat, patchTokens: boolean) {
    const folder = await app.attempt(() => app.pickFolder('Choose a folder for the embeddings'))
    if (!folder || !done.value) return
    saving.value = true
    const question = { ...done.value.choice, format, patchTokens, folder }
    written.value = (await app.attempt(() => backend['inspect.exportEmbeddings'](question))) ?? null
    saving.value = false
  }

  const stop = () => app.attempt(() => backend['inspect.stop'](undefined))
  const thumbnail = (path: string) => (source.value ? thumbnailUrl({ source: source.value, path }) : '')

  return {
    source,
    limit,
    feature,
    method,
    by,
    done,
    busy,
    share,
    map,
    centre,
    neighbours,
    extremes,
    choice,
    embed,
    look,
    written,
    saving,
    save,
    stop,
    thumbnail,
  }
})
