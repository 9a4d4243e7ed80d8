import { defineStore } from 'pinia'
import { computed } from 'vue'
import type { Checkpoint, Run } from '#shared/contract'
import { evenlySpread } from '#shared/spread'
import type { Line } from '#ui/LineChart.vue'
import { series } from '#ui/tokens'
import { useDatasets } from '#features/datasets/store'
import { lossLines } from '#features/runs/loss-lines'
import { useRuns } from '#features/runs/store'

/** How many moments of a run stand side by side, and how many runs and images stand below each other. */
const [moments, recentRuns, images] = [4, 6, 4]

/** What Home shows: the run that trains, else the newest, and what waits for the person. */
export const useHome = defineStore('home', () => {
  const runs = useRuns()
  const datasets = useDatasets()

  const shown = computed(() => runs.all.filter(({ archived }) => !archived))
  const newest = computed(() => [...shown.value].sort((a, b) => (a.createdAt < b.createdAt ? 1 : -1)))
  const welcome = computed(
    () => runs.loaded && datasets.loaded && runs.all.length === 0 && datasets.all.length === 0,
  )
  const main = computed<Run | undefined>(
    () => runs.active ?? newest.value.find(({ status }) => status === 'finished') ?? newest.value[0],
  )
  const recent = computed(() => newest.value.slice(0, recentRuns))
  const attention = computed(() =>
    newest.value.filter(({ status, error }) => status === 'failed' || status === 'interrupted' || error),
  )
  const waiting = computed(() => runs.queue.ids.flatMap((id) => runs.byId.get(id) ?? []))

  /** The loss of the main run so far. */
  const loss = computed<Line[]>(() => {
    const metrics = main.value && runs.metrics.get(main.value.id)
    return metrics ? lossLines(metrics, metrics.step, 0.6, { label: 'Loss', color: series[0] }) : []
  })
  /** Checkpoints of the main run with pictures, evenly from the first to the newest. */
  const film = computed(() =>
    evenlySpread(pictured(main.value ? runs.checkpoints.get(main.value.id) : []), moments),
  )
  const rows = computed(() => Math.min(film.value.at(-1)?.reconstructions.length ?? 0, images))

  async function load() {
    const id = main.value?.id
    if (id) await Promise.all([runs.loadMetrics(id), runs.loadCheckpoints(id)])
  }
  return { welcome, main, recent, attention, waiting, loss, film, rows, load }
})

const pictured = (checkpoints: Checkpoint[] = []) =>
  checkpoints.filter(({ reconstructions }) => reconstructions.length > 0)
