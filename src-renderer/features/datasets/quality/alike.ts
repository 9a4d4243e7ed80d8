import { defineStore } from 'pinia'
import { computed, ref } from 'vue'
import { backend } from '#backend'
import { useDatasetImages } from '#features/datasets/images/images'
import { useApp } from '#shell/store'
import { useQuality } from './quality'

/** Has a checkpoint say which images of the data set are nearly the same to it. */
export const useAlike = defineStore('alike', () => {
  const app = useApp()
  const images = useDatasetImages()
  const quality = useQuality()

  /** The similarity from which on images are alike. */
  const similarity = ref(0.98)
  const usable = computed(() => similarity.value >= 0.5 && similarity.value <= 1)
  const busy = ref(false)
  async function compare() {
    if (!images.dataset || !images.checkpoint) return
    const asked = { id: images.dataset.id, ...images.checkpoint, similarity: similarity.value }
    busy.value = true
    await app.attempt(() => backend['datasets.findAlike'](asked))
    busy.value = false
    quality.refresh()
    images.refresh()
  }
  return { similarity, usable, busy, compare }
})
