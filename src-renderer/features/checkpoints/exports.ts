import { defineStore } from 'pinia'
import { ref } from 'vue'
import type { CallInput, Exported } from '#shared/contract'
import { backend, onEvent } from '#backend'

/** The export in progress, and the result of the last one. */
export const useExports = defineStore('exports', () => {
  const busy = ref(false)
  /** What it is doing. */
  const progress = ref('')
  const result = ref<Exported | null>(null)

  onEvent('exports.progress', ({ text }) => void (progress.value = text))

  async function create(input: CallInput<'exports.create'>) {
    busy.value = true
    result.value = null
    try {
      result.value = await backend['exports.create'](input)
    } finally {
      busy.value = false
      progress.value = ''
    }
  }

  return { busy, progress, result, create }
})
