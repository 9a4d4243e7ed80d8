import { computed, ref, shallowRef, watch } from 'vue'
import type { DatasetImage } from '#shared/contract'
import { backend } from '#backend'
import { useApp } from '#shell/store'

const pageSize = 48

/** The images of a data set, 48 at a time; none where there is no data set. `answer` is null before there is one. */
export function useImages(dataset: () => string | null) {
  const app = useApp()
  const number = ref(1)
  const answer = shallowRef<{ total: number; images: DatasetImage[] } | null>(null)
  const pages = computed(() => Math.ceil((answer.value?.total ?? 0) / pageSize))
  watch(dataset, () => (number.value = 1))
  watch(
    [dataset, number],
    async () => {
      const id = dataset()
      const range = { offset: (number.value - 1) * pageSize, limit: pageSize }
      answer.value =
        id === null ? null : ((await app.attempt(() => backend['datasets.images']({ id, ...range }))) ?? null)
    },
    { immediate: true },
  )
  return { number, answer, pages }
}
