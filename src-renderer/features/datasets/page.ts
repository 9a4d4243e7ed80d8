import { computed, ref, shallowRef, watch } from 'vue'
import type { Dataset } from '#shared/contract'
import { backend } from '#backend'
import { useApp } from '#shell/store'

/** Asks for a page of a long list when its `number` or what it depends on changes. `answer` is null before there is one. */
function usePage<Answer extends { total: number }>(
  size: number,
  dependencies: () => unknown,
  ask: (range: { offset: number; limit: number }) => Promise<Answer>,
) {
  const app = useApp()
  const number = ref(1)
  const answer = shallowRef<Answer | null>(null)
  const pages = computed(() => Math.ceil((answer.value?.total ?? 0) / size))
  watch(
    [dependencies, number],
    async () => {
      const range = { offset: (number.value - 1) * size, limit: size }
      answer.value = (await app.attempt(() => ask(range))) ?? null
    },
    { immediate: true },
  )
  return { number, answer, pages }
}

/** The images of a data set, 48 at a time; none where there is no data set. */
export function useImages(dataset: () => string | null) {
  const page = usePage(48, dataset, async (range) => {
    const id = dataset()
    return id === null ? { total: 0, images: [] } : backend['datasets.images']({ id, ...range })
  })
  watch(dataset, () => (page.number.value = 1))
  return page
}

/** The files of a data set that cannot be read, 100 at a time. */
export const useUnreadable = (dataset: () => Dataset) =>
  usePage(
    100,
    () => dataset().unreadable,
    (range) => backend['datasets.unreadable']({ id: dataset().id, ...range }),
  )

/** The copies in a data set, 50 pairs at a time; asked for again with each `report`. */
export const useDuplicates = (dataset: () => Dataset, report: () => unknown) =>
  usePage(50, report, (range) => backend['datasets.duplicates']({ id: dataset().id, ...range }))
