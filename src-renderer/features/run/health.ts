import { computed, ref, watch } from 'vue'
import type { Health, Run } from '#shared/contract'
import { backend } from '#backend'
import type { Line } from '#ui/LineChart.vue'
import { lineColors } from '#ui/smooth'
import { useApp } from '#shell/store'

/** Charts of what is learned while a run trains; asked for anew with each epoch. None before anything was measured. */
export function useHealthCharts(run: () => Run) {
  const app = useApp()
  const health = ref<Health | null>(null)
  watch(
    () => [run().id, run().status, Math.floor(run().latest?.epoch ?? 0)],
    async () => {
      const id = run().id
      health.value = (await app.attempt(() => backend['inspect.health']({ run: id }))) ?? health.value
    },
    { immediate: true },
  )
  return computed(() => {
    if (!health.value?.step.length) return []
    const { epoch, effectiveRank, variance, uniformity, knn } = health.value
    const chart = (title: string, y: (number | null)[], color: string, help: string) => {
      const known = y.flatMap((value, i) => (value === null ? [] : [{ x: epoch[i]!, y: value }]))
      const line: Line = { label: title, color, x: known.map(({ x }) => x), y: known.map(({ y }) => y) }
      return known.length ? [{ title, help, lines: [line] }] : []
    }
    return [
      ...chart(
        'Neighbours of the same class',
        knn,
        lineColors[0]!,
        'Share of images whose class 20 neighbours guess.',
      ),
      ...chart(
        'Effective rank',
        effectiveRank,
        lineColors[1]!,
        'Directions that features really use; low means collapse.',
      ),
      ...chart(
        'Variance of features',
        variance,
        lineColors[2]!,
        'Near 0: all images look the same to the model.',
      ),
      ...chart(
        'Uniformity',
        uniformity,
        lineColors[3]!,
        '0: all features equal; the lower, the more evenly they spread.',
      ),
    ]
  })
}
