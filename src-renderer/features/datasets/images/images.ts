import { defineStore } from 'pinia'
import { computed, reactive, ref, shallowRef, watch } from 'vue'
import { useRoute, useRouter } from 'vue-router'
import type { Dataset, DatasetImage, FoundImage, LabelChange } from '#shared/contract'
import { backend, onEvent } from '#backend'
import { useAnswer } from '#features/inspect/answer'
import { useRuns } from '#features/runs/store'
import { type GivenPicture, givenPicture } from '#ui/pictures/given-picture'
import { useNotifications } from '#shell/notifications/notifications'
import { useApp } from '#shell/store'
import { useDatasets } from '#features/datasets/store'
import { filterOf, queryOf, unfiltered, type View, viewOf } from './view'

const pageSize = 200
/** Images that are asked for at once to be chosen. */
const askedAtOnce = 1000
const pageOf = (place: number) => Math.floor(place / pageSize)
/** Similar images that the grid and the panel show. */
const similarShown = { grid: 200, panel: 12 }

/** The images of the data set that the address names, as its filters show them. */
export const useDatasetImages = defineStore('dataset-images', () => {
  const app = useApp()
  const notifications = useNotifications()
  const datasets = useDatasets()
  const runs = useRuns()
  const route = useRoute()
  const router = useRouter()

  const dataset = computed(() =>
    route.path.startsWith('/datasets/') ? datasets.byId.get(String(route.params['id'])) : undefined,
  )
  const view = computed((): View => {
    const asked = viewOf(route.query)
    return route.path.endsWith('/odd') ? { ...asked, sort: 'odd' } : asked
  })
  const change = (part: Partial<View>) => router.replace({ query: queryOf({ ...view.value, ...part }) })
  function clear() {
    given.value = null
    void change(unfiltered)
  }
  const isFiltered = computed(
    () =>
      given.value !== null || JSON.stringify({ ...view.value, ...unfiltered }) !== JSON.stringify(view.value),
  )

  /** The checkpoints that can be chosen: of the runs on these images first, the newest first. */
  const measuring = computed(() => {
    const { folder } = dataset.value ?? {}
    const usable = runs.all.filter(({ latest }) => latest !== null)
    return [
      ...usable.filter((run) => run.dataset.folder === folder),
      ...usable.filter((run) => run.dataset.folder !== folder),
    ]
  })
  const checkpoint = computed(() => {
    const run = measuring.value.find(({ id }) => id === view.value.run) ?? measuring.value[0]
    const steps = run ? runs.stepsOf([run.id]) : []
    const step = steps.find((one) => one === view.value.step) ?? steps.at(-1)
    return run && step !== undefined ? { run: run.id, step } : null
  })
  const checkpoints = computed(() =>
    measuring.value.flatMap((run) =>
      runs
        .stepsOf([run.id])
        .reverse()
        .map((step) => ({ title: `${run.name}, step ${step.toLocaleString('en')}`, run: run.id, step })),
    ),
  )
  const runName = computed(() => runs.byId.get(checkpoint.value?.run ?? '')?.name ?? '')
  watch(
    () => dataset.value && measuring.value.map(({ id }) => id).join(),
    (ids) =>
      ids &&
      ids
        .split(',')
        .forEach((id) => runs.checkpoints.has(id) || void app.attempt(() => runs.loadCheckpoints(id))),
    { immediate: true },
  )

  /** Raised when what was shown may be out of date. */
  const changes = ref(0)
  watch(
    () => [
      dataset.value?.scannedAt,
      dataset.value?.excluded,
      dataset.value?.copies,
      dataset.value?.unreadable,
      dataset.value?.newestAct,
    ],
    () => changes.value++,
  )

  const measured = computed(() =>
    dataset.value && checkpoint.value ? { dataset: dataset.value.id, ...checkpoint.value } : null,
  )
  /** How far the measuring of the data set is, null while none is under way; how many images are measured, and how many not. */
  const measurement = useAnswer(
    () => (measured.value ? { ...measured.value, changes: changes.value } : null),
    ({ dataset, run, step }) => backend['inspect.measurement']({ dataset, run, step }),
  ).answer
  onEvent('inspect.measuring', ({ share, ...choice }) => {
    if (JSON.stringify(choice) !== JSON.stringify(measured.value) || !measurement.value) return
    if (share === null) changes.value++
    else measurement.value = { ...measurement.value, share }
  })
  async function measure() {
    if (!measured.value || !measurement.value) return
    measurement.value = { ...measurement.value, share: 0 }
    const choice = measured.value
    await app.attempt(() => backend['inspect.measure'](choice))
    changes.value++
  }
  const stopMeasuring = () =>
    measured.value && app.attempt(() => backend['inspect.stopMeasuring'](measured.value!))
  const canSearch = computed(() => (measurement.value?.images ?? 0) > 0)
  /** What came into a measured data set is measured once without a word. */
  let updated = ''
  watch(measurement, (now) => {
    const state = JSON.stringify([measured.value, now?.pending])
    if (!now?.images || !now.pending || now.share !== null || state === updated) return
    updated = state
    void measure()
  })

  /** The images most similar to some; null before they are found. */
  const similarTo = (paths: () => string[], count: number, pictures: () => string[] = () => []) =>
    useAnswer(
      () =>
        measured.value && canSearch.value && (paths().length || pictures().length)
          ? {
              question: { ...measured.value, paths: paths(), pictures: pictures(), count },
              images: measurement.value!.images,
            }
          : null,
      ({ question }) => backend['inspect.similar'](question),
    ).answer
  /** A picture from elsewhere that others shall be similar to. */
  const given = shallowRef<GivenPicture | null>(null)
  watch(dataset, (now, before) => now?.id !== before?.id && (given.value = null))
  const alike = similarTo(
    () => view.value.similar,
    similarShown.grid,
    () => (given.value ? [given.value.data] : []),
  )
  const similar = similarTo(() => (view.value.image === null ? [] : [view.value.image]), similarShown.panel)
  const isSearch = computed(() => view.value.similar.length > 0 || given.value !== null)
  const similarities = computed(() => new Map(alike.value?.map(({ path, value }) => [path, value])))
  async function searchBy(file: Blob & { name?: string }) {
    const picture = await app.attempt(() => givenPicture(file))
    if (!picture) return
    given.value = picture
    void change(unfiltered)
  }

  const filter = computed(() =>
    filterOf(
      { ...view.value, run: checkpoint.value?.run ?? null, step: checkpoint.value?.step ?? null },
      isSearch.value ? (alike.value ?? []).map(({ path }) => path) : null,
    ),
  )
  const question = computed(() => (dataset.value ? { id: dataset.value.id, ...filter.value } : null))
  const facets = useAnswer(
    () => (question.value ? { asked: question.value, changes: changes.value } : null),
    ({ asked }) => backend['datasets.facets'](asked),
  ).answer

  const total = ref(0)
  const pages = reactive(new Map<number, DatasetImage[]>())
  const requested = new Set<number>()
  /** Pages that are shown as they were before the last change, until they come anew. */
  const stale = reactive(new Set<number>())
  /** Raised when other images are asked for: answers to earlier questions are dropped. */
  let asking = 0
  async function load(page: number) {
    if (requested.has(page) || !question.value) return
    requested.add(page)
    const asked = asking
    const range = { offset: page * pageSize, limit: pageSize }
    const answer = await app.attempt(() => backend['datasets.images']({ ...question.value!, ...range }))
    if (asked !== asking || !answer) return
    total.value = answer.total
    pages.set(page, answer.images)
    stale.delete(page)
  }
  /** The image at a place; undefined until its page has come. */
  function imageAt(place: number): DatasetImage | undefined {
    const page = pageOf(place)
    void load(page)
    return pages.get(page)?.[place % pageSize]
  }
  watch(
    () => JSON.stringify(question.value),
    () => {
      asking++
      requested.clear()
      pages.clear()
      stale.clear()
      selected.clear()
      total.value = 0
      void load(0)
    },
  )
  // What is shown stays until the new pages come.
  watch(changes, () => {
    asking++
    const kept = [...requested].filter((page) => pages.has(page))
    requested.clear()
    for (const page of kept) stale.add(page)
    for (const page of new Set([0, ...kept])) void load(page)
  })

  /** The chosen images by their numbers. */
  const selected = reactive(new Map<number, DatasetImage>())
  const toggle = (image: DatasetImage) =>
    selected.has(image.id) ? void selected.delete(image.id) : void selected.set(image.id, image)
  /** Chooses all images between two places whose pages have come. */
  function selectRange(from: number, to: number) {
    for (let place = Math.min(from, to); place <= Math.max(from, to); place++) {
      const image = imageAt(place)
      if (image) selected.set(image.id, image)
    }
  }

  /** Chooses all images that the filters leave. */
  async function selectAll() {
    const asked = asking
    for (let offset = 0; offset < total.value; offset += askedAtOnce) {
      const range = { offset, limit: askedAtOnce }
      const answer = await app.attempt(() => backend['datasets.images']({ ...question.value!, ...range }))
      if (asked !== asking || !answer) return
      for (const one of answer.images) selected.set(one.id, one)
    }
  }

  /** The image that is looked at. */
  const image = useAnswer(
    () =>
      dataset.value && view.value.image
        ? {
            id: dataset.value.id,
            path: view.value.image,
            checkpoint: checkpoint.value,
            changes: changes.value,
          }
        : null,
    async ({ id, path, checkpoint: by }) => {
      const asked = { id, offset: 0, limit: 1, paths: [path], ...(by && { checkpoint: by }) }
      const readable = await backend['datasets.images'](asked)
      if (readable.images[0]) return readable.images[0]
      return (await backend['datasets.images']({ ...asked, problems: ['damaged'] })).images[0] ?? null
    },
  ).answer
  /** The same, and null at once where none is looked at any more. */
  const looked = computed(() => (view.value.image === null ? null : image.value))
  const look = (path: string | null) => change({ image: path })

  /** Where an image stands among those that have come; null where it does not. */
  function placeOf(path: string): number | null {
    for (const [page, images] of pages) {
      const at = images.findIndex((one) => one.path === path)
      if (at >= 0) return page * pageSize + at
    }
    return null
  }
  /** The places that are on screen, and the images there as they are now. */
  const onScreen = ref({ from: 0, to: 0 })
  const shown = () =>
    Array.from(
      { length: Math.max(0, onScreen.value.to - onScreen.value.from) },
      (_, i) => onScreen.value.from + i,
    )
      .filter((place) => !stale.has(pageOf(place)))
      .flatMap((place) => imageAt(place) ?? [])

  /** What an action is about: the selection, or else the image that is looked at. */
  const subject = computed(() => (selected.size ? [...selected.values()] : image.value ? [image.value] : []))
  function findSimilar() {
    given.value = null
    const similar = subject.value.map(({ path }) => path)
    const query = queryOf({ ...view.value, ...unfiltered, similar, sort: 'name' })
    void router.replace({ path: `/datasets/${dataset.value!.id}`, query })
  }
  /** Changes what a person says of the subject; the selection ends. */
  async function act(change: LabelChange, images = subject.value) {
    if (!dataset.value || images.length === 0) return
    const { id } = dataset.value
    const changed = await app.attempt(() => datasets.label(id, images.map((one) => one.id), change)) // prettier-ignore
    if (!changed) return
    selected.clear()
    tell(changed)
  }
  /** Tells what was done last, so that it can be taken back at once. */
  const tell = ({ newestAct }: Dataset) =>
    void notifications.show({ name: 'act', text: sentence(newestAct), undo })
  async function undo() {
    const { id, newestAct } = dataset.value ?? {}
    if (!id || !newestAct || !(await app.attempt(() => datasets.undo(id)))) return
    notifications.show({ name: 'act', text: `Taken back: ${newestAct}` })
  }
  /** Excludes what is not; where all of it is, includes it again. */
  const exclude = () => act({ excluded: !subject.value.every((one) => one.excluded) })

  return {
    dataset,
    view,
    change,
    clear,
    isFiltered,
    checkpoint,
    checkpoints,
    runName,
    measurement,
    measure,
    stopMeasuring,
    canSearch,
    isSearch,
    given,
    similarities,
    searchBy,
    alike,
    similar,
    facets,
    total,
    imageAt,
    load,
    placeOf,
    onScreen,
    shown,
    refresh: () => changes.value++,
    selected,
    toggle,
    selectRange,
    selectAll,
    image,
    looked,
    look,
    subject,
    act,
    tell,
    undo,
    findSimilar,
    exclude,
  }
})

/** How similar a found image is. */
export const similarity = ({ value }: FoundImage) => value.toFixed(2)

const sentence = (words: string | null) => (words ? words[0]!.toUpperCase() + words.slice(1) : '')
