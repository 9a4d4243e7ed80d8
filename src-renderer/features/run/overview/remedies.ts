import { defineStore } from 'pinia'
import { ref } from 'vue'
import { useRouter } from 'vue-router'
import type { Run } from '#shared/contract'
import { useApp } from '#shell/store'
import { useRuns } from '#features/runs/store'
import type { Act } from './trouble'

const isActive = ({ status }: Run) => status === 'running' || status === 'starting'

/** Carries out what is to be done with a run: by the buttons of its page, or as a remedy where something is wrong. */
export const useRemedies = defineStore('remedies', () => {
  const app = useApp()
  const runs = useRuns()
  const router = useRouter()
  /** Runs that finish a step and save. */
  const ending = ref(new Set<string>())

  /** Asks a run to end, and waits until it has. */
  async function end(id: string, how: (id: string) => Promise<unknown>) {
    ending.value.add(id)
    try {
      await how(id)
      await rests(id)
    } finally {
      ending.value.delete(id)
    }
  }
  const pause = (id: string) => app.attempt(() => end(id, runs.pause))
  const stop = (id: string) => app.attempt(() => end(id, runs.stop))

  /** Until nobody trains a run. */
  async function rests(id: string) {
    for (;;) {
      const run = runs.byId.get(id)
      if (!run || !isActive(run)) return
      await new Promise((resolve) => setTimeout(resolve, 200))
    }
  }

  /** Goes on with a run before all that wait, also where a pause holds the queue. */
  async function resume(id: string, ...how: Tail<Parameters<typeof runs.resume>>) {
    const { held } = runs.queue
    await runs.resume(id, ...how)
    if (!held && !runs.queue.held) return
    await runs.move(id, 0)
    await runs.hold(false)
  }

  const act = (run: Run, act: Act) => app.attempt(() => carryOut(run, act))
  async function carryOut({ id }: Run, act: Act) {
    switch (act.does) {
      case 'resume':
        return resume(id, act.changes)
      case 'restart':
        await end(id, act.saving ? runs.pause : runs.kill)
        return resume(id, act.changes, undefined, act.decoders)
      case 'stop':
        return end(id, runs.stop)
      case 'kill':
        return end(id, runs.kill)
      case 'open':
        return router.push(act.to)
      case 'locate': {
        const folder = await app.pickFolder('Where are the images of this run now?')
        return folder ? runs.locate(id, folder) : undefined
      }
    }
  }
  return { ending, pause, stop, resume: (id: string) => app.attempt(() => resume(id)), act }
})

type Tail<T extends unknown[]> = T extends [unknown, ...infer Rest] ? Rest : never
