import { defineStore } from 'pinia'
import { computed, ref, watch } from 'vue'
import { useRoute } from 'vue-router'
import type { ImageChoice, OrderChoice } from '#shared/contract'
import { backend } from '#backend'
import { useApp } from '#shell/store'
import { useRuns } from '#features/runs/store'

/** What the picture tabs of a run share: a checkpoint, an image, and the order of its patches. */
export const useInspect = defineStore('inspect', () => {
  const app = useApp()
  const runs = useRuns()
  const route = useRoute()

  /** The run that the address names. */
  const run = computed(() => runs.byId.get(String(route.params['id'])))
  watch(
    () => run.value?.id,
    (id) => id && void app.attempt(() => runs.loadCheckpoints(id)),
    { immediate: true },
  )

  /** The steps at which the run has a checkpoint, and which of them is shown. */
  const steps = computed(() => (run.value ? runs.stepsOf([run.value.id]) : []))
  const position = ref(0)
  watch(
    () => steps.value.length,
    (length) => (position.value = Math.max(0, length - 1)),
    { immediate: true },
  )
  const checkpoint = computed(() =>
    run.value ? runs.checkpointAt(run.value.id, steps.value[position.value] ?? 0) : undefined,
  )

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

  /** What to ask the checkpoint about the image; null before both are known. */
  const question = computed(() =>
    run.value && checkpoint.value && image.value
      ? { run: run.value.id, step: checkpoint.value.step, image: image.value, order: order.value }
      : null,
  )

  return {
    run,
    steps,
    position,
    checkpoint,
    fixed,
    image,
    order,
    patch,
    draw,
    grid,
    question,
  }
})
