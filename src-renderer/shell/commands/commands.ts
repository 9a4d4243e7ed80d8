import { mdiSpeedometer, mdiTune } from '@mdi/js'
import { defineStore } from 'pinia'
import { computed } from 'vue'
import { useRoute, useRouter } from 'vue-router'
import { commands } from '#shared/commands'
import { allSettings } from '#shared/settings/hyperparameters'
import { useAdding } from '#features/datasets/add'
import { useDatasets } from '#features/datasets/store'
import { useExperiments } from '#features/experiments/store'
import { useEngines } from '#features/machine/engines'
import { useEstimates } from '#features/new-run/essentials/estimates'
import { useRuns } from '#features/runs/store'
import { settingRows } from '#features/settings/rows'
import type { Entry } from '#shell/entry'
import { useNotifications } from '#shell/notifications/notifications'
import { useObjectCommands } from './object-commands'
import { fit } from './ranking'
import { useShell } from '#shell/shell'
import { useApp } from '#shell/store'

/** Everything that can be done in the window, by name: what the palette lists, and what shortcuts and the menu start. */
export const useCommands = defineStore('commands', () => {
  const app = useApp()
  const runs = useRuns()
  const datasets = useDatasets()
  const experiments = useExperiments()
  const engines = useEngines()
  const notifications = useNotifications()
  const shell = useShell()
  const estimates = useEstimates()
  const adding = useAdding()
  const objects = useObjectCommands()
  const router = useRouter()
  const route = useRoute()

  /** The run that is shown, else the one that trains. */
  const current = computed(() => runs.byId.get(String(route.params['id'])) ?? runs.active)

  async function pauseOrResume(): Promise<void> {
    const run = current.value
    if (!run) return
    if (run.status === 'running' || run.status === 'starting') await runs.pause(run.id)
    else if (run.status !== 'finished' && run.status !== 'queued') await runs.resume(run.id)
  }

  const deeds: Record<string, () => unknown> = {
    search: () => shell.togglePalette(),
    'add-folder': adding.choose,
    'add-sample': adding.addSample,
    pause: () => app.attempt(pauseOrResume),
    hold: () => app.attempt(() => runs.hold(!runs.queue.held)),
    'test-engines': async () => {
      await router.push('/machine')
      await app.attempt(() => engines.survey())
    },
    appearance: () => app.attempt(() => app.change({ theme: shell.dark ? 'light' : 'dark' })),
    notifications: () => notifications.setOpen(true),
    'clear-notifications': () => app.attempt(() => notifications.remove(null)),
    shortcuts: () => (shell.shortcuts = true),
    'show-log': app.showLog,
    update: () => app.attempt(app.checkForUpdates),
  }

  /** Those that are to be had here. */
  const here = computed(() =>
    commands.filter(
      ({ id, host }) => (!host || host === app.info?.host) && (id !== 'update' || app.info?.canUpdate),
    ),
  )

  function run(id: string): unknown {
    const command = here.value.find((one) => one.id === id)
    return command?.path ? router.push(command.path) : deeds[id]?.()
  }

  const general = computed<Entry[]>(() =>
    here.value
      .filter(({ id }) => id !== 'search')
      .map(({ id, title, icon, keys, path }) => ({
        ...{ id, title, icon, keys, isCommand: !path || path.includes('?') },
        group: path && !path.includes('?') && id !== 'new-run' ? 'Settings and help' : 'Actions',
        run: () => run(id),
      })),
  )

  const settings = computed<Entry[]>(() => [
    ...settingRows
      .filter((row) => !('host' in row) || row.host === app.info?.host)
      .map(({ id, title }): Entry => ({
        ...{ id: `setting:${id}`, group: 'Settings and help', title: `Setting: ${title}`, icon: mdiTune },
        run: () => router.push({ path: '/settings', hash: `#${id}` }),
      })),
    ...allSettings.map(({ name, title }): Entry => ({
      ...{ id: `training:${name}`, group: 'Settings and help', icon: mdiTune },
      title: `Setting of a run: ${title}`,
      run: () => {
        estimates.focused = name
        return router.push('/new/settings')
      },
    })),
  ])

  const ofEngines = computed<Entry[]>(() =>
    engines.engines
      .filter(({ status, selected }) => status === 'usable' && !selected)
      .map(({ id, title }) => ({
        ...{ id: `engine:${id}`, group: 'Actions', isCommand: true, icon: mdiSpeedometer },
        title: `Use ${title}`,
        run: () => app.attempt(() => engines.use(id)),
      })),
  )

  /** Every line of the palette. */
  const entries = computed<Entry[]>(() => [
    ...runs.all.flatMap(objects.ofRun),
    ...datasets.all.flatMap(objects.ofDataset),
    ...experiments.all.flatMap(objects.ofExperiment),
    ...general.value,
    ...ofEngines.value,
    ...settings.value,
  ])

  /** A line that only what was typed makes: a comparison of the runs that it names. */
  const made = (query: string) =>
    query ? objects.comparison(runs.all.filter(({ name }) => fit(name, query) > 0).slice(0, 2)) : []

  return { entries, here, made, run }
})
