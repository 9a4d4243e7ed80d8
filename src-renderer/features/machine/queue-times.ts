import { defineStore } from 'pinia'
import { computed, ref } from 'vue'
import type { CallOutput } from '#shared/contract'
import { backend } from '#backend'
import { useRuns } from '#features/runs/store'

/** When each waiting run starts, and how long it takes. */
export const useQueueTimes = defineStore('queue-times', () => {
  const runs = useRuns()
  const waits = ref<CallOutput<'runs.waits'>>([])

  /** As before where it cannot be asked. */
  async function load() {
    waits.value = await backend['runs.waits'](undefined).catch(() => waits.value)
  }

  /** The waiting runs, next first; a start is null where the queue is on hold or something before it cannot be told. */
  const waiting = computed(() => {
    const seconds = new Map(waits.value.map((wait) => [wait.id, wait.seconds]))
    let at: number | null = runs.queue.held
      ? null
      : runs.active
        ? runs.active.secondsLeft === null
          ? null
          : Date.now() + 1000 * runs.active.secondsLeft
        : Date.now()
    return runs.queue.ids.flatMap((id) => {
      const run = runs.byId.get(id)
      if (!run) return []
      const own = seconds.get(id) ?? null
      const startsAt = at
      at = at === null || own === null ? null : at + 1000 * own
      return [{ run, startsAt, seconds: own }]
    })
  })

  return { waiting, load }
})
