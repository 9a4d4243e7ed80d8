import { defineStore } from 'pinia'
import { computed, ref, watch } from 'vue'
import { useRoute, useRouter } from 'vue-router'
import type { ImageChoice, OrderChoice } from '#shared/contract'
import { backend } from '#backend'
import { useApp } from '#shell/store'
import { useRuns } from '#features/runs/store'

/** What is inspected: runs side by side, a checkpoint of each, an image, and the order of its patches. */
export const useInspect = defineStore('inspect', () => {
  const app = useApp()
  const runs = useRuns()
  const route = useRoute()
  const router = useRouter()

  const usable = computed(() => runs.all.filter(({ latest }) => latest !== null))
  /** Runs side by side, kept in the address; views of a single run show the first. */
  const ids = computed({
    get: () => {
      const wanted = String(route.query['run'] ?? '').split(',')
      const known = wanted.filter((id) => runs.byId.has(id))
      return known.length ? known : usable.value.slice(0, 1).map(({ id }) => id)
    },
    set: (chosen: string[]) =>
      void router.replace({ query: { ...route.query, run: chosen.slice(0, 4).join(',') } }),
  })
  const chosen = computed(() => ids.value.map((id) => runs.byId.get(id)!))
  const run = computed(() => chosen.value[0])
  watch(ids, (wanted) => wanted.forEach((id) => void app.attempt(() => runs.loadCheckpoints(id))), {
    immediate: true,
  })

  /** The steps at which any of the runs has a checkpoint, and which of them is shown. */
  const steps = computed(() => runs.stepsOf(ids.value))
  const position = ref(0)
  watch(
    () => steps.value.length,
    (length) => (position.value = Math.max(0, length - 1)),
    { immediate: true },
  )
  /** The checkpoint of a run that is nearest to the step shown. */
  const checkpointOf = (id: string) => runs.checkpointAt(id, steps.value[position.value] ?? 0)
  const checkpoint = computed(() => (run.value ? checkpointOf(run.value.id) : undefined))

  const fixed = ref<string[]>([])
  const image = ref<ImageChoice | null>(null)
  watch(
    () => run.value?.id,
    async (id) => {
      fixed.value = id ? ((await app.attempt(() => backend['inspect.fixedImages']({ run: id }))) ?? []) : []
      const [first] = fixed.value
      const fitting = image.value?.source.kind === 'dataset' || image.value?.source.id === id
      if (!fitting) image.value = id && first ? { source: { kind: 'run', id }, path: first } : null
    },
    { immediate: true },
  )

  const order = ref<OrderChoice>({ kind: 'random', seed: 0 })
  /** The patch that was clicked, counted row by row. */
  const patch = ref(0)
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

  /** What to ask the checkpoint of a run about the image; null before both are known. */
  function questionOf(id: string) {
    const step = checkpointOf(id)?.step
    return step === undefined || !image.value
      ? null
      : { run: id, step, image: image.value, order: order.value }
  }
  const question = computed(() => (run.value ? questionOf(run.value.id) : null))

  return {
    usable,
    ids,
    chosen,
    run,
    steps,
    position,
    checkpoint,
    checkpointOf,
    fixed,
    image,
    order,
    patch,
    draw,
    grid,
    question,
    questionOf,
  }
})
