import { defineStore } from 'pinia'
import { bytes } from '#ui/format'
import { backend } from '#backend'
import { useApp } from '#shell/store'
import { useRuns } from '#features/runs/store'

/** What is done with the checkpoints of a run. */
export const useCheckpoints = defineStore('checkpoints', () => {
  const app = useApp()
  const runs = useRuns()

  /** Says what came free. */
  async function freed(run: string, work: Promise<{ freed: number }>) {
    const { freed } = await work
    await runs.loadCheckpoints(run)
    app.say(`Freed ${bytes(freed)}`)
  }
  const remove = (id: string, steps: number[]) => freed(id, backend['runs.removeCheckpoints']({ id, steps }))
  /** Keeps the newest and the best. */
  const cleanUp = (id: string) => freed(id, backend['runs.prune']({ id, keepEvery: 0, keepBest: 1 }))

  return { remove, cleanUp }
})
