import { computed, ref, watch } from 'vue'
import type { Health, Run } from '#shared/contract'
import { backend } from '#backend'
import type { Line } from '#ui/LineChart.vue'
import { type Series, series } from '#ui/tokens'
import { useApp } from '#shell/store'

/** Charts of what the model learns while it trains, updated with each epoch. None before the first measurement. */
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
    const chart = (title: string, y: (number | null)[], color: Series, help: string) => {
      const known = y.flatMap((value, i) => (value === null ? [] : [{ x: epoch[i]!, y: value }]))
      const line: Line = { label: title, color, x: known.map(({ x }) => x), y: known.map(({ y }) => y) }
      return known.length ? [{ title, help, lines: [line] }] : []
    }
    return [
      ...chart(
        'kNN accuracy',
        knn,
        series[0],
        'Share of images whose class the 20 nearest neighbours predict.',
      ),
      ...chart(
        'Effective rank',
        effectiveRank,
        series[1],
        'Directions that the features really use; low values mean collapse.',
      ),
      ...chart('Variance of features', variance, series[2], 'Near 0: all images look the same to the model.'),
      ...chart(
        'Uniformity',
        uniformity,
        series[3],
        '0 means all features are equal; lower means they spread more evenly.',
      ),
    ]
  })
}
