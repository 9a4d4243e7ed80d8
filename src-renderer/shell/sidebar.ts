import { defineStore } from 'pinia'
import { computed } from 'vue'
import { useDatasets } from '#features/datasets/store'
import { useExperiments } from '#features/experiments/store'
import { stateOf } from '#features/runs/status'
import { useRuns } from '#features/runs/store'
import { count } from '#ui/format'

/** As many pinned runs as stand in the sidebar of a low window. */
const mostPinned = 8

/** What the sidebar says of what there is. */
export const useSidebar = defineStore('sidebar', () => {
  const datasets = useDatasets()
  const runs = useRuns()
  const experiments = useExperiments()

  /** By the name of the page; nothing for none. */
  const counts = computed<Record<string, string>>(() => {
    const all = {
      datasets: datasets.all.length,
      runs: runs.all.filter(({ archived }) => !archived).length,
      experiments: experiments.all.length,
    }
    return Object.fromEntries(Object.entries(all).map(([name, n]) => [name, n ? count(n) : '']))
  })

  /** Each with its state, and while it trains how much of it is done. */
  const pinned = computed(() =>
    runs.all
      .filter((run) => run.pinned)
      .slice(0, mostPinned)
      .map((run) => ({
        run,
        state: stateOf(run, runs.queue.ids.indexOf(run.id)),
        share: run.status === 'running' && run.totalSteps ? run.step / run.totalSteps : null,
      })),
  )

  return { counts, pinned }
})
