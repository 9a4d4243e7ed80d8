import { defineStore } from 'pinia'
import { computed, ref } from 'vue'
import type { CallInput, CallOutput } from '#shared/contract'
import { backend } from '#backend'

/** The import that is being made, and the last one that was. */
export const useImports = defineStore('imports', () => {
  const busy = ref(false)
  const result = ref<CallOutput<'imports.create'> | null>(null)

  /** The weights that found no counterpart. */
  const lists = computed(() => [
    { title: 'Not in the file, begun as in a new run', names: result.value?.report.missing ?? [] },
    { title: 'In the file, of no use here', names: result.value?.report.unexpected ?? [] },
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
