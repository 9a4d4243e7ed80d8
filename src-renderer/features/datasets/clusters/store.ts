import { defineStore } from 'pinia'
import { computed, ref } from 'vue'
import { useRouter } from 'vue-router'
import { clusterCount, type ImageCluster } from '#shared/contract'
import { readWhole } from '#shared/numbers'
import { backend } from '#backend'
import { useAnswer } from '#features/inspect/answer'
import { useDatasetImages } from '#features/datasets/images/images'
import { queryOf, unfiltered } from '#features/datasets/images/view'
import { useDatasets } from '#features/datasets/store'
import { useAsking } from '#shell/deeds/asking'
import { useApp } from '#shell/store'

/** The clusters of the data set that the address names: images that look alike to a checkpoint. */
export const useClusters = defineStore('clusters', () => {
  const app = useApp()
  const asking = useAsking()
  const datasets = useDatasets()
  const images = useDatasetImages()
  const router = useRouter()

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

  /** Asks how many images shall be picked that differ as much as they can; these get a tag and are shown. */
  function pickDiverse() {
    const { id, images: most } = images.dataset!
    const by = images.checkpoint!
    asking.ask({
      title: 'Pick diverse images',
      text: 'Images that differ as much as they can by what the model sees get a tag. It can be taken back.',
      field: {
        ...{ label: 'Number of images', value: String(Math.min(100, most)) },
        problem: (text) => readWhole(text, 1, most).problem,
      },
      action: 'Tag images',
      run: (text) => tagDiverse({ id, ...by, count: Number(text), tag: `diverse ${text}` }),
    })
  }
  async function tagDiverse(asked: Parameters<typeof datasets.tagDiverse>[0]) {
    busy.value = true
    const changed = await app.attempt(() => datasets.tagDiverse(asked))
    busy.value = false
    if (!changed) return
    await router.push({ path: `/datasets/${asked.id}`, query: queryOf({ ...images.view, ...unfiltered, tags: [asked.tag] }) }) // prettier-ignore
    images.tell(changed)
  }

  /** The page of images that shows a cluster, the most typical first. */
  const pageOf = ({ name }: ImageCluster) => ({
    path: `/datasets/${images.dataset!.id}`,
    query: queryOf({ ...images.view, ...unfiltered, clusters: [name], sort: 'typical' }),
  })

  return { all, count, usable, busy, divide, rename, pickDiverse, pageOf }
})
