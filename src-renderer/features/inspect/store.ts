import { defineStore } from 'pinia'
import { computed, ref, watch } from 'vue'
import { type LocationQuery, useRoute, useRouter } from 'vue-router'
import type { ImageChoice, OrderChoice } from '#shared/contract'
import { backend } from '#backend'
import { useApp } from '#shell/store'
import { useRuns } from '#features/runs/store'

/** What is looked at of a run. */
interface Look {
  /** The checkpoint; null for the newest, whichever that is. */
  step: number | null
  /** Null for the first of the run's own images. */
  image: ImageChoice | null
  /** The patch that was clicked, counted row by row. */
  patch: number
}

/** Milliseconds after a change until the address tells it: a film changes the checkpoint many times a second. */
const pause = 250

/**
 * What all tabs of a run share: a checkpoint, an image and a patch, kept for each run and told by the address
 * (`?step=&image=&patch=`); and the order of patches.
 */
export const useInspect = defineStore('inspect', () => {
  const app = useApp()
  const runs = useRuns()
  const route = useRoute()
  const router = useRouter()

  const id = computed(() => String(route.params['id'] ?? ''))
  /** The run that the address names. */
  const run = computed(() => (route.path.startsWith('/runs/') ? runs.byId.get(id.value) : undefined))
  const looks = ref(new Map<string, Look>())
  const look = computed(() => looks.value.get(id.value) ?? { step: null, image: null, patch: 0 })
  const set = (changes: Partial<Look>) => void looks.value.set(id.value, { ...look.value, ...changes })

  watch(
    () => run.value?.id,
    (id) => id && void app.attempt(() => runs.loadCheckpoints(id)),
    { immediate: true },
  )

  /** The steps at which the run has a checkpoint, and which of them is shown. */
  const steps = computed(() => (run.value ? runs.stepsOf([run.value.id]) : []))
  const last = computed(() => Math.max(0, steps.value.length - 1))
  const position = computed({
    get: () => (look.value.step === null ? last.value : placeNear(look.value.step)),
    set(place) {
      const to = Math.min(Math.max(0, place), last.value)
      set({ step: to === last.value ? null : steps.value[to]! })
    },
  })
  /** The place of the checkpoint that is nearest to a step. */
  const placeNear = (step: number) =>
    steps.value.reduce(
      (best, each, i) => (Math.abs(each - step) < Math.abs(steps.value[best]! - step) ? i : best),
      last.value,
    )
  /** Shows the checkpoint that is nearest to a step. */
  const showNearest = (step: number) => void (position.value = placeNear(step))
  const checkpoint = computed(() =>
    run.value ? runs.checkpointAt(run.value.id, steps.value[position.value] ?? 0) : undefined,
  )

  /** Paths of the images that the run's checkpoints are shown with. */
  const fixed = ref<string[]>([])
  watch(
    () => run.value?.id,
    async (id) => {
      fixed.value = []
      if (id) fixed.value = (await app.attempt(() => backend['inspect.fixedImages']({ run: id }))) ?? []
    },
    { immediate: true },
  )
  const ofRun = (path: string): ImageChoice => ({ source: { kind: 'run', id: id.value }, path })
  const image = computed({
    get: () => look.value.image ?? (fixed.value[0] === undefined ? null : ofRun(fixed.value[0])),
    set: (image) => set({ image }),
  })
  const patch = computed({
    get: () => Math.min(look.value.patch, grid.value ** 2 - 1),
    set: (patch) => set({ patch }),
  })

  const order = ref<OrderChoice>({ kind: 'random', seed: 0 })
  /** Adds a patch to an order drawn by hand. */
  function draw(chosen: number) {
    if (order.value.kind === 'drawn' && !order.value.patches.includes(chosen))
      order.value = { kind: 'drawn', patches: [...order.value.patches, chosen] }
  }
  /** Patches in a row. */
  const grid = computed(() => {
    const h = run.value?.hyperparameters
    return h ? h.imageSize / h.patchSize : 1
  })

  /** How much the pictures are enlarged, and the place that stays where it is, as shares of the picture. */
  const zoom = ref({ factor: 1, x: 0.5, y: 0.5 })
  /** Enlarges by a factor, at a place where one is given; never below the whole picture. */
  function enlarge(by: number, at: { x: number; y: number } = zoom.value) {
    const factor = Math.min(8, Math.max(1, zoom.value.factor * by))
    zoom.value = { factor, x: at.x, y: at.y }
  }

  /** What to ask the checkpoint about the image; null before both are known. */
  const question = computed(() =>
    run.value && checkpoint.value && image.value
      ? { run: run.value.id, step: checkpoint.value.step, image: image.value, order: order.value }
      : null,
  )

  // The address: what it says is taken over, and what changes here it tells.
  let told = ''
  watch(
    () => [id.value, route.query] as const,
    ([, query]) => {
      if (!id.value || keyOf(query) === told || keyOf(query) === keyOf({})) return
      told = keyOf(query)
      set(lookOf(query, id.value))
    },
    { immediate: true },
  )
  let timer: ReturnType<typeof setTimeout> | undefined
  function tell() {
    clearTimeout(timer)
    timer = undefined
    const query = { ...route.query, ...queryOf(look.value) }
    if (!run.value || keyOf(query) === keyOf(route.query)) return
    told = keyOf(query)
    void router.replace({ query, hash: route.hash })
  }
  watch(look, () => {
    clearTimeout(timer)
    timer = setTimeout(tell, pause)
  })
  watch(() => route.path, tell)
  // What waits to be told is told of the page that is left, so that Back finds it.
  router.beforeEach((to, { path, query, hash, fullPath }) => {
    const { history } = router.options
    if (timer === undefined || to.path === path) return
    clearTimeout(timer) // it would call off this way to another page, which tells of itself when it is there
    timer = undefined
    if (history.location !== fullPath) return
    history.replace(router.resolve({ path, query: { ...query, ...queryOf(look.value) }, hash }).fullPath)
  })

  return {
    ...{ run, steps, position, showNearest, checkpoint },
    ...{ fixed, ofRun, image, patch, order, draw, grid },
    ...{ zoom, enlarge, question },
  }
})

const names = ['step', 'image', 'patch'] as const
const keyOf = (query: LocationQuery | Record<string, string | undefined>) =>
  JSON.stringify(names.map((name) => query[name] ?? null))

/** An image in the address: a path of the run's images, or `@data set/path`. */
const queryOf = ({ step, image, patch }: Look) => ({
  step: step === null ? undefined : String(step),
  image: image ? (image.source.kind === 'run' ? image.path : `@${image.source.id}/${image.path}`) : undefined,
  patch: patch === 0 ? undefined : String(patch),
})

function lookOf(query: LocationQuery, run: string): Look {
  const whole = (text: unknown) => (/^\d+$/.test(String(text)) ? Number(text) : null)
  const text = query['image']
  const [, dataset, inside] = /^@([^/]+)\/(.+)$/.exec(String(text ?? '')) ?? []
  const source = dataset ? { kind: 'dataset' as const, id: dataset } : { kind: 'run' as const, id: run }
  return {
    step: whole(query['step']),
    image: text ? { source, path: inside ?? String(text) } : null,
    patch: whole(query['patch']) ?? 0,
  }
}
