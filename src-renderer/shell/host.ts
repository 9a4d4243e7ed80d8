import { defineStore } from 'pinia'
import { useRouter } from 'vue-router'
import { connected, onEvent, refused } from '#backend'
import { useDatasets } from '#features/datasets/store'
import { useRuns } from '#features/runs/store'
import { useApp } from './store'

/** What the system asks of the window: to load, to go to a page, to add a folder. */
export const useHost = defineStore('host', () => {
  const app = useApp()
  const datasets = useDatasets()
  const runs = useRuns()
  const router = useRouter()

  /** What every page needs. */
  const load = () => app.attempt(() => Promise.all([app.load(), datasets.load(), runs.load()]))

  async function addFolder(folder: string) {
    const dataset = await app.attempt(() => datasets.add(folder))
    if (dataset) await router.push(`/datasets/${dataset.id}`)
  }
  /** A folder dropped anywhere on the window becomes a data set. */
  function drop({ dataTransfer }: DragEvent) {
    const file = dataTransfer?.files[0]
    if (file && window.saim) void addFolder(window.saim.pathForFile(file))
  }
  onEvent('app.navigate', ({ path }) => void router.push(path))
  onEvent('app.folderOpened', ({ folder }) => void addFolder(folder))

  return { connected, refused, load, drop }
})
