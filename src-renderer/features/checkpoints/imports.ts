import { defineStore } from 'pinia'
import { computed, ref } from 'vue'
import type { CallInput, CallOutput } from '#shared/contract'
import { backend } from '#backend'

/** The import in progress, and the result of the last one. */
export const useImports = defineStore('imports', () => {
  const busy = ref(false)
  const result = ref<CallOutput<'imports.create'> | null>(null)

  /** The weights without a counterpart. */
  const lists = computed(() => [
    {
      title: 'Missing from the file, initialised as in a new run',
      names: result.value?.report.missing ?? [],
    },
    { title: 'In the file, not used', names: result.value?.report.unexpected ?? [] },
  ])

  async function create(input: CallInput<'imports.create'>) {
    busy.value = true
    result.value = null
    try {
      result.value = await backend['imports.create'](input)
    } finally {
      busy.value = false
    }
  }

  return { busy, result, lists, create }
})
