import {
  mdiCheckDecagramOutline,
  mdiClose,
  mdiFolderOutline,
  mdiFolderSearchOutline,
  mdiImageSearchOutline,
  mdiPencilOutline,
  mdiPinOutline,
  mdiPlayOutline,
  mdiRefresh,
  mdiStop,
  mdiTagOutline,
} from '@mdi/js'
import { defineStore } from 'pinia'
import { useRouter } from 'vue-router'
import type { Dataset } from '#shared/contract'
import { useAsking } from '#shell/deeds/asking'
import type { Deed } from '#shell/deeds/deed'
import { usePins } from '#shell/deeds/pins'
import { useApp } from '#shell/store'
import { useAdding } from './add'
import { useDatasets } from './store'
import { queryOf, unlabelled, viewOf } from './images/view'

/** What can be done with a data set: its menu and the palette are made of it. */
export const useDatasetDeeds = defineStore('dataset-deeds', () => {
  const app = useApp()
  const datasets = useDatasets()
  const adding = useAdding()
  const asking = useAsking()
  const pins = usePins()
  const router = useRouter()

  const rename = ({ id, name }: Dataset) =>
    asking.ask({
      ...{ title: 'Rename data set', field: { label: 'Name', value: name }, action: 'Rename' },
      run: (chosen) => app.attempt(() => datasets.rename(id, chosen)),
    })
  const remove = ({ id, folder }: Dataset) =>
    asking.ask({
      title: 'Remove this data set from the list?',
      text: `The files in ${folder} and all runs stay as they are. Exclusions are forgotten, labels are kept.`,
      ...{ action: 'Remove', grave: true },
      run: async () => {
        await app.attempt(() => datasets.remove(id))
        if (router.currentRoute.value.params['id'] === id && !datasets.byId.has(id))
          await router.push('/datasets')
      },
    })

  function of(dataset: Dataset): Deed[] {
    const { id, status, checking, unchecked } = dataset
    const pin = { kind: 'dataset' as const, id }
    const found: (Deed | false)[] = [
      {
        ...{ id: 'train', title: 'Train', of: 'Train on', icon: mdiPlayOutline },
        run: () => router.push(`/new?dataset=${id}`),
      },
      {
        ...{ id: 'quality', title: 'Quality', of: 'Quality of', icon: mdiCheckDecagramOutline },
        run: () => router.push(`/datasets/${id}/quality`),
      },
      {
        ...{ id: 'label', title: 'Label images', of: 'Label images of', icon: mdiTagOutline },
        run: () => router.push({ path: `/datasets/${id}`, query: queryOf({ ...viewOf({}), ...unlabelled }) }),
      },
      { id: 'rename', title: 'Rename', icon: mdiPencilOutline, run: () => rename(dataset) },
      {
        ...{ id: 'pin', title: pins.has(pin) ? 'Unpin' : 'Pin', icon: mdiPinOutline },
        run: () => pins.toggle(pin),
      },
      status === 'scanning'
        ? {
            ...{ id: 'stop', title: 'Stop scan', of: 'Stop scan of', icon: mdiStop },
            run: () => app.attempt(() => datasets.stopScan(id)),
          }
        : {
            ...{ id: 'rescan', title: 'Rescan', icon: mdiRefresh },
            run: () => app.attempt(() => datasets.rescan(id)),
          },
      {
        ...{ id: 'check', title: unchecked ? 'Check images' : 'Check images again' },
        ...{ of: 'Check images of', icon: mdiImageSearchOutline },
        disabled: status !== 'ready' || checking !== null,
        run: () => app.attempt(() => datasets.check(id, unchecked === 0)),
      },
      {
        ...{ id: 'locate', title: 'Locate folder', of: 'Locate folder of', icon: mdiFolderSearchOutline },
        run: () => adding.locate(dataset),
      },
      app.isElectron && {
        ...{ id: 'files', title: 'Show folder', of: 'Show folder of', icon: mdiFolderOutline },
        run: () => app.reveal(dataset.folder),
      },
      {
        ...{ id: 'remove', title: 'Remove from list', of: 'Remove from list:', icon: mdiClose, apart: true },
        run: () => remove(dataset),
      },
    ]
    return found.filter((deed) => deed !== false)
  }
  return { of }
})
