import { ref, watch } from 'vue'
import type { Dataset, DatasetReport } from '#shared/contract'
import { backend } from '#backend'
import { useApp } from '#shell/store'

/** The report of a data set, asked for again when the data set changes. */
export function useReport(dataset: () => Dataset) {
  const app = useApp()
  const report = ref<DatasetReport | null>(null)
  watch(
    () => [dataset().id, dataset().scannedAt, dataset().excluded, dataset().checking === null],
    async () => {
      report.value = (await app.attempt(() => backend['datasets.report']({ id: dataset().id }))) ?? null
    },
    { immediate: true },
  )
  return report
}
