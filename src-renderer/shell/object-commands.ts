import {
  mdiArchiveOutline,
  mdiChartScatterPlot,
  mdiCheckDecagramOutline,
  mdiClose,
  mdiCompare,
  mdiContentCopy,
  mdiExportVariant,
  mdiFlaskOutline,
  mdiImageMultipleOutline,
  mdiPause,
  mdiPinOutline,
  mdiPlay,
  mdiRefresh,
  mdiStop,
  mdiTarget,
  mdiTrashCanOutline,
} from '@mdi/js'
import { useRouter } from 'vue-router'
import type { Dataset, ExperimentSummary, Run } from '#shared/contract'
import { percent } from '#shared/format'
import { counted } from '#shared/words'
import { useDatasets } from '#features/datasets/store'
import { stateOf } from '#features/runs/status'
import { useRuns } from '#features/runs/store'
import { runTabs } from '#features/run/tabs'
import type { Entry } from './entry'
import { useApp } from './store'

/** The lines of the palette about runs, data sets and experiments: each object, and what can be done with it. */
export function useObjectCommands() {
  const app = useApp()
  const runs = useRuns()
  const datasets = useDatasets()
  const router = useRouter()
  const attempt = (work: () => Promise<unknown>) => () => app.attempt(work)
  const go = (path: string) => () => router.push(path)

  function ofRun(run: Run): Entry[] {
    const about = `run:${run.id}`
    const page = `/runs/${run.id}`
    const place = runs.queue.ids.indexOf(run.id)
    const state = stateOf(run, place)
    const action = (title: string, icon: string, does: () => unknown, keys?: string): Entry => ({
      ...{ id: `${about}:${title}`, group: 'Actions', about, isCommand: true, icon, keys },
      title: `${title} ${run.name}`,
      run: does,
    })
    const trains = run.status === 'running' || run.status === 'starting'
    const rests = !trains && run.status !== 'queued'
    const share = trains && run.totalSteps ? `, ${percent(run.step / run.totalSteps)}` : ''
    const tabs = runTabs
      .filter(({ path }) => path && path !== 'settings')
      .map(({ path, title }) => {
        const [part] = path.split('/')
        return action(`${title} of`, mdiChartScatterPlot, go(`${page}/${part}`))
      })
    return [
      {
        ...{ id: about, group: 'Runs', about, title: run.name, dot: state.dot },
        note: `${state.word.toLowerCase()}${share}`,
        run: go(page),
      },
      ...(trains
        ? [
            action(
              'Pause',
              mdiPause,
              attempt(() => runs.pause(run.id)),
              'P',
            ),
          ]
        : []),
      ...(trains
        ? [
            action(
              'Stop',
              mdiStop,
              attempt(() => runs.stop(run.id)),
            ),
          ]
        : []),
      ...(rests && run.status !== 'finished'
        ? [
            action(
              'Resume',
              mdiPlay,
              attempt(() => runs.resume(run.id)),
              'P',
            ),
          ]
        : []),
      ...(place >= 0
        ? [
            action(
              'Remove from queue',
              mdiClose,
              attempt(() => runs.stop(run.id)),
            ),
          ]
        : []),
      action('Export', mdiExportVariant, go(`${page}/checkpoints`)),
      action('Evaluate', mdiTarget, go(`${page}/evaluation`)),
      action('New run with the settings of', mdiContentCopy, go(`/new?like=${run.id}`)),
      action('New run from the weights of', mdiPlay, go(`/new?from=${run.id}`)),
      ...tabs,
      action('Settings and notes of', mdiContentCopy, go(`${page}/settings`)),
      action(
        run.pinned ? 'Unpin' : 'Pin',
        mdiPinOutline,
        attempt(() => runs.update({ id: run.id, pinned: !run.pinned })),
      ),
      action(
        run.archived ? 'Unarchive' : 'Archive',
        mdiArchiveOutline,
        attempt(() => runs.update({ id: run.id, archived: !run.archived })),
      ),
      ...(trains
        ? []
        : [
            action(
              'Move to trash',
              mdiTrashCanOutline,
              attempt(() => runs.remove(run.id)),
            ),
          ]),
    ]
  }

  function ofDataset(dataset: Dataset): Entry[] {
    const about = `dataset:${dataset.id}`
    const page = `/datasets/${dataset.id}`
    const action = (title: string, icon: string, does: () => unknown): Entry => ({
      ...{ id: `${about}:${title}`, group: 'Actions', about, isCommand: true, icon },
      title: `${title} ${dataset.name}`,
      run: does,
    })
    const classes = dataset.classes.length ? `, ${counted(dataset.classes.length, 'classes')}` : ''
    return [
      {
        ...{ id: about, group: 'Data sets', about, title: dataset.name, icon: mdiImageMultipleOutline },
        note: `${counted(dataset.images, 'images')}${classes}`,
        run: go(page),
      },
      action('Train on', mdiPlay, go(`/new?dataset=${dataset.id}`)),
      action('Quality of', mdiCheckDecagramOutline, go(`${page}/quality`)),
      action(
        'Rescan',
        mdiRefresh,
        attempt(() => datasets.rescan(dataset.id)),
      ),
    ]
  }

  const ofExperiment = ({ id, name, finished, total }: ExperimentSummary): Entry => ({
    ...{ id: `experiment:${id}`, group: 'Experiments', title: name, icon: mdiFlaskOutline },
    note: `${finished} of ${counted(total, 'runs')}`,
    run: go(`/experiments/${id}`),
  })

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
