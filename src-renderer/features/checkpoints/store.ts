import { defineStore } from 'pinia'
import { ref } from 'vue'
import type { Health } from '#shared/contract'
import { bytes } from '#ui/format'
import { backend } from '#backend'
import { useApp } from '#shell/store'
import { useRuns } from '#features/runs/store'

/** What the table of a run's checkpoints needs beside them, and what is done with them. */
export const useCheckpoints = defineStore('checkpoints', () => {
  const app = useApp()
  const runs = useRuns()
  const health = ref<Health | null>(null)

  async function load(run: string) {
    health.value = null
    health.value = await backend['inspect.health']({ run })
  }

  /** Says what came free. */
  async function freed(run: string, work: Promise<{ freed: number }>) {
    const { freed } = await work
    await runs.loadCheckpoints(run)
    app.say(`Freed ${bytes(freed)}`)
  }
  const remove = (id: string, steps: number[]) => freed(id, backend['runs.removeCheckpoints']({ id, steps }))
  /** Keeps the newest and the best. */
  const cleanUp = (id: string) => freed(id, backend['runs.prune']({ id, keepEvery: 0, keepBest: 1 }))

  return { health, load, remove, cleanUp }
})
