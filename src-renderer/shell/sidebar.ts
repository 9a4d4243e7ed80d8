import { defineStore } from 'pinia'
import { computed } from 'vue'
import { useDatasets } from '#features/datasets/store'
import { stateOf as experimentState } from '#features/experiments/finding'
import { useExperiments } from '#features/experiments/store'
import { stateOf } from '#features/runs/status'
import { useRuns } from '#features/runs/store'
import { count } from '#ui/format'
import { useApp } from './store'

interface Pinned {
  to: string
  name: string
  /** Its state. */
  word: string
  dot: string
  share?: number | null
}

/** As many pinned objects as stand in the sidebar of a low window. */
const mostPinned = 8

/** What the sidebar says of what there is. */
export const useSidebar = defineStore('sidebar', () => {
  const app = useApp()
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

  const pinnedRuns = computed(() =>
    runs.all
      .filter((run) => run.pinned)
      .map((run): Pinned => {
        const { dot, word } = stateOf(run, runs.placeOf(run.id))
        const share = run.status === 'running' && run.totalSteps ? run.step / run.totalSteps : null
        return { to: `/runs/${run.id}`, name: run.name, word, dot, share }
      }),
  )
  const others = computed(() =>
    (app.settings?.pins ?? []).flatMap(({ kind, id }): Pinned[] => {
      if (kind === 'experiment') {
        const found = experiments.all.find((experiment) => experiment.id === id)
        return found ? [{ to: `/experiments/${id}`, name: found.name, ...experimentState(found) }] : []
      }
      const found = datasets.byId.get(id)
      const dot = found && { ready: 'ok', scanning: 'run', failed: 'bad' }[found.status]
      return found ? [{ to: `/datasets/${id}`, name: found.name, word: found.status, dot: dot! }] : []
    }),
  )
  /** Runs with their state, and while they train how much of them is done; then data sets and experiments. */
  const pinned = computed(() => [...pinnedRuns.value, ...others.value].slice(0, mostPinned))

  return { counts, pinned }
})
