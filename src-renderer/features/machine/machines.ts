import { defineStore } from 'pinia'
import { ref } from 'vue'
import type { Machine } from '#shared/contract'
import { type AppErrorData, toErrorData } from '#shared/errors'
import { backend } from '#backend'

/** Other machines that run `saim serve`. */
export const useMachines = defineStore('machines', () => {
  const all = ref<Machine[]>([])
  /** What is being opened: an address, or the origin of a known machine. */
  const opening = ref<string | null>(null)
  /** Whether something answers at a machine, by origin; absent until that is known. */
  const reached = ref(new Map<string, boolean>())
  /** Why the last one could not be opened. */
  const error = ref<AppErrorData | null>(null)

  async function load() {
    all.value = await backend['machines.list'](undefined)
    await Promise.all(all.value.map(({ origin }) => reach(origin)))
  }
  async function reach(origin: string) {
    reached.value.set(origin, await backend['machines.reach']({ origin }))
  }

  /** Returns whether its window was opened. */
  async function open(address: string): Promise<boolean> {
    opening.value = address
    error.value = null
    try {
      all.value = await backend['machines.open']({ address })
      reached.value.set(all.value[0]!.origin, true)
      return true
    } catch (thrown) {
      error.value = toErrorData(thrown)
      return false
    } finally {
      opening.value = null
    }
  }

  async function forget(origin: string) {
    all.value = await backend['machines.forget']({ origin })
  }

  return { all, opening, reached, error, load, open, forget }
})
