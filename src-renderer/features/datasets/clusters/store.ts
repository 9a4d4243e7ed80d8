import { defineStore } from 'pinia'
import { computed, ref } from 'vue'
import { clusterCount, type ImageCluster } from '#shared/contract'
import { backend } from '#backend'
import { useAnswer } from '#features/inspect/answer'
import { useDatasetImages } from '#features/datasets/images/images'
import { queryOf, unfiltered } from '#features/datasets/images/view'
import { useAsking } from '#shell/deeds/asking'
import { useApp } from '#shell/store'

/** The clusters of the data set that the address names: images that look alike to a checkpoint. */
export const useClusters = defineStore('clusters', () => {
  const app = useApp()
  const asking = useAsking()
  const images = useDatasetImages()

  const { answer } = useAnswer(
    () => {
      if (images.dataset?.status !== 'ready') return null
      const { id, scannedAt, newestAct } = images.dataset
      return { id, scannedAt, newestAct }
    },
    ({ id }) => backend['datasets.clusters']({ id }),
  )
  const all = computed(() => answer.value ?? [])
  async function take(found: Promise<ImageCluster[]>) {
    const clusters = await app.attempt(() => found)
    if (!clusters) return
    answer.value = clusters
    images.refresh()
  }

  /** How many clusters there shall be. */
  const count = ref(12)
  const usable = computed(() => count.value >= clusterCount.least && count.value <= clusterCount.most)
  const busy = ref(false)
  async function divide() {
    if (!images.dataset || !images.checkpoint) return
    busy.value = true
    await take(backend['datasets.cluster']({ id: images.dataset.id, ...images.checkpoint, count: count.value })) // prettier-ignore
    busy.value = false
  }

  function rename({ name }: ImageCluster) {
    const { id } = images.dataset!
    asking.ask({
      ...{ title: 'Rename cluster', field: { label: 'Name', value: name }, action: 'Rename' },
      text: 'Two clusters of one name become one.',
      run: (to) => take(backend['datasets.renameCluster']({ id, from: name, to })),
    })
  }

  /** The page of images that shows a cluster, the most typical first. */
  const pageOf = ({ name }: ImageCluster) => ({
    path: `/datasets/${images.dataset!.id}`,
    query: queryOf({ ...images.view, ...unfiltered, clusters: [name], sort: 'typical' }),
  })

  return { all, count, usable, busy, divide, rename, pageOf }
})
