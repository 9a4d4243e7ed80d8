import { mdiChartScatterPlot, mdiCompare, mdiFlaskOutline, mdiImageMultipleOutline } from '@mdi/js'
import { useRouter } from 'vue-router'
import type { Dataset, ExperimentSummary, Run } from '#shared/contract'
import { percent } from '#shared/format'
import { counted } from '#shared/words'
import { useDatasetDeeds } from '#features/datasets/deeds'
import { useExperimentDeeds } from '#features/experiments/deeds'
import { runTabs } from '#features/run/tabs'
import { useRunActions } from '#features/runs/actions'
import { stateOf } from '#features/runs/status'
import { useRuns } from '#features/runs/store'
import type { Deed } from '#shell/deeds/deed'
import type { Entry } from '#shell/entry'

/** The lines of the palette about runs, data sets and experiments: each object, and everything that can be done with it. */
export function useObjectCommands() {
  const runs = useRuns()
  const runActions = useRunActions()
  const datasetDeeds = useDatasetDeeds()
  const experimentDeeds = useExperimentDeeds()
  const router = useRouter()
  const go = (path: string) => () => router.push(path)

  /** The deeds of an object as lines with its name. */
  const entriesOf = (about: string, name: string, deeds: Deed[]): Entry[] =>
    deeds
      .filter(({ disabled }) => !disabled)
      .map(({ id, title, of, icon, keys, run }) => ({
        ...{ id: `${about}:${id}`, group: 'Actions', about, isCommand: true, icon, run },
        ...{ title: `${of ?? title} ${name}`, keys: keys?.length === 1 ? keys : undefined },
      }))

  function ofRun(run: Run): Entry[] {
    const about = `run:${run.id}`
    const page = `/runs/${run.id}`
    const state = stateOf(run, runs.placeOf(run.id))
    const share = run.status === 'running' && run.totalSteps ? `, ${percent(run.step / run.totalSteps)}` : ''
    const tabs = runTabs
      .filter(({ path }) => path)
      .map(({ path, title }): Entry => ({
        ...{
          id: `${about}:tab ${path}`,
          group: 'Actions',
          about,
          isCommand: true,
          icon: mdiChartScatterPlot,
        },
        ...{ title: `${title} of ${run.name}`, run: go(`${page}/${path.split('/')[0]}`) },
      }))
    return [
      {
        ...{ id: about, group: 'Runs', about, title: run.name, dot: state.dot },
        ...{ note: `${state.word.toLowerCase()}${share}`, run: go(page) },
      },
      ...entriesOf(about, run.name, runActions.deedsOf([run])),
      ...tabs,
    ]
  }

  function ofDataset(dataset: Dataset): Entry[] {
    const about = `dataset:${dataset.id}`
    const classes = dataset.classes.length ? `, ${counted(dataset.classes.length, 'classes')}` : ''
    return [
      {
        ...{ id: about, group: 'Data sets', about, title: dataset.name, icon: mdiImageMultipleOutline },
        note: `${counted(dataset.images, 'images')}${classes}`,
        run: go(`/datasets/${dataset.id}`),
      },
      ...entriesOf(about, dataset.name, datasetDeeds.of(dataset)),
    ]
  }

  function ofExperiment(experiment: ExperimentSummary): Entry[] {
    const { id, name, finished, total } = experiment
    const about = `experiment:${id}`
    return [
      {
        ...{ id: about, group: 'Experiments', about, title: name, icon: mdiFlaskOutline },
        ...{ note: `${finished} of ${counted(total, 'runs')}`, run: go(`/experiments/${id}`) },
      },
      ...entriesOf(about, name, experimentDeeds.of(experiment)),
    ]
  }

  /** A comparison of the two runs that fit best. */
  const comparison = ([a, b]: Run[]): Entry[] =>
    a && b
      ? [
          {
            ...{ id: `compare:${a.id}:${b.id}`, group: 'Actions', isCommand: true, icon: mdiCompare },
            title: `Compare ${a.name} and ${b.name}`,
            run: go(`/compare?runs=${a.id},${b.id}`),
          },
        ]
      : []

  return { ofRun, ofDataset, ofExperiment, comparison }
}
