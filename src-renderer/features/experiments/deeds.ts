import { mdiCompare, mdiPinOutline, mdiPlus, mdiTrashCanOutline } from '@mdi/js'
import { defineStore } from 'pinia'
import { useRouter } from 'vue-router'
import type { ExperimentSummary } from '#shared/contract'
import { useAsking } from '#shell/deeds/asking'
import type { Deed } from '#shell/deeds/deed'
import { usePins } from '#shell/deeds/pins'
import { useApp } from '#shell/store'
import { mostCompared } from '#features/runs/actions'
import { useRuns } from '#features/runs/store'
import { useExperiments } from './store'

/** What can be done with an experiment: its menus and the palette are made of it. */
export const useExperimentDeeds = defineStore('experiment-deeds', () => {
  const app = useApp()
  const runs = useRuns()
  const experiments = useExperiments()
  const asking = useAsking()
  const pins = usePins()
  const router = useRouter()

  const remove = ({ id, name }: ExperimentSummary) =>
    asking.ask({
      ...{ title: `Delete “${name}”?`, text: 'Its runs and their results are kept.', action: 'Delete' },
      grave: true,
      run: async () => {
        const done = await app.attempt(async () => (await experiments.remove(id), true))
        if (done && router.currentRoute.value.params['id'] === id) await router.push('/experiments')
      },
    })

  function of(experiment: ExperimentSummary): Deed[] {
    const { id } = experiment
    const pin = { kind: 'experiment' as const, id }
    const compared = experiment.runs.filter((run) => runs.byId.has(run)).slice(0, mostCompared)
    return [
      {
        ...{ id: 'seeds', title: 'Add seeds', of: 'Add seeds to', icon: mdiPlus },
        run: () => router.push(`/experiments/${id}?seeds`),
      },
      {
        ...{ id: 'compare', title: 'Open in Compare', of: 'Compare the runs of', icon: mdiCompare },
        disabled: compared.length < 2,
        run: () => router.push({ path: '/compare', query: { runs: compared.join(',') } }),
      },
      {
        ...{ id: 'pin', title: pins.has(pin) ? 'Unpin' : 'Pin', icon: mdiPinOutline },
        run: () => pins.toggle(pin),
      },
      {
        ...{ id: 'delete', title: 'Delete', icon: mdiTrashCanOutline, apart: true },
        run: () => remove(experiment),
      },
    ]
  }
  return { of }
})
