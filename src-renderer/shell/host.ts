import { defineStore } from 'pinia'
import { useRouter } from 'vue-router'
import { connected, onEvent, refused } from '#backend'
import { useAdding } from '#features/datasets/add'
import { useDatasets } from '#features/datasets/store'
import { useExperiments } from '#features/experiments/store'
import { useEngines } from '#features/machine/engines'
import { useRuns } from '#features/runs/store'
import { useCommands } from './commands/commands'
import { useNotifications } from './notifications/notifications'
import { useApp } from './store'

/** What the system asks of the window: to load, to go to a page, to add a folder. */
export const useHost = defineStore('host', () => {
  const app = useApp()
  const datasets = useDatasets()
  const runs = useRuns()
  const experiments = useExperiments()
  const engines = useEngines()
  const notifications = useNotifications()
  const commands = useCommands()
  const router = useRouter()
  const adding = useAdding()

  /** What every page needs. */
  const load = () =>
    app.attempt(() =>
      Promise.all([
        ...[app.load(), datasets.load(), runs.load(), experiments.load(), engines.load()],
        notifications.load(),
      ]),
    )

  /** A folder dropped anywhere on the window becomes a data set. */
  function drop({ dataTransfer }: DragEvent) {
    const file = dataTransfer?.files[0]
    if (!file) return
    if (window.saim) void adding.add(window.saim.pathForFile(file))
    else
      app.say('A browser does not tell where a dropped folder lies.', 'Use Add folder on the page Data sets.')
  }
  onEvent('app.navigate', ({ path }) => void router.push(path))
  onEvent('app.command', ({ id }) => void commands.run(id))
  onEvent('app.folderOpened', ({ folder }) => void adding.add(folder))

  return { connected, refused, load, drop }
})
