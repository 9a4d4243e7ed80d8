import { useRouter } from 'vue-router'
import type { Dataset } from '#shared/contract'
import { useApp } from '#shell/store'
import { useDatasets } from './store'

/** Adds images and goes to their page; where that fails, says why. */
export function useAdding() {
  const app = useApp()
  const datasets = useDatasets()
  const router = useRouter()

  async function show(add: () => Promise<Dataset>) {
    const dataset = await app.attempt(add)
    if (dataset) await router.push(`/datasets/${dataset.id}`)
  }
  const add = (folder: string) => show(() => datasets.add(folder))
  const addSample = () => show(datasets.addSample)
  async function choose() {
    const folder = await app.attempt(() => app.pickFolder('Choose a folder of images'))
    if (folder) await add(folder)
  }
  /** Asks where the folder of a data set is now. */
  async function locate({ id, name }: Dataset) {
    const folder = await app.attempt(() => app.pickFolder(`Where are the images of ${name}?`))
    if (folder) await show(() => datasets.locate(id, folder))
  }
  return { add, addSample, choose, locate }
}
