import { defineStore } from 'pinia'
import { markRaw, ref } from 'vue'
import type { Run, Sketch } from '#shared/contract'
import { backend } from '#backend'

/** A sketch is made anew after this share of a run's steps. */
const share = 1 / 24
/** Milliseconds that rows are to stay before they are asked about. */
const patience = 120
/** As many as are asked about at once. */
const most = 100

/** The small pictures and trends of the runs that a table shows. */
export const useSketches = defineStore('sketches', () => {
  const byId = ref(new Map<string, Sketch>())
  /** The step of each run at which it was asked about. */
  const asked = new Map<string, number>()
  let timer: ReturnType<typeof setTimeout> | undefined

  const isOld = ({ id, step, totalSteps, status }: Run) => {
    const before = asked.get(id)
    if (before === undefined) return true
    return step !== before && (status === 'finished' || Math.abs(step - before) >= share * totalSteps)
  }

  /** Asks about those of the runs that are not known as they are now, once no other rows are shown for a moment. */
  function show(runs: Run[]) {
    clearTimeout(timer)
    const old = runs.filter(isOld).slice(0, most)
    if (old.length) timer = setTimeout(() => void ask(old), patience)
  }
  async function ask(runs: Run[]) {
    for (const { id, step } of runs) asked.set(id, step)
    const found = await backend['runs.sketches']({ ids: runs.map(({ id }) => id) }).catch(() => {
      for (const { id } of runs) asked.delete(id)
      return []
    })
    for (const sketch of found) byId.value.set(sketch.id, markRaw(sketch))
  }

  return { byId, show }
})
