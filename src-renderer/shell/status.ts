import { defineStore } from 'pinia'
import { computed, ref } from 'vue'
import type { MachineLoad } from '#shared/contract'
import { backend } from '#backend'
import { useEngines } from '#features/machine/engines'
import { useRuns } from '#features/runs/store'

/** Milliseconds between two looks at the machine. */
const interval = 5000

/** What the bar at the foot of the window says: what trains, what waits, and how busy the machine is. */
export const useStatus = defineStore('status', () => {
  const runs = useRuns()
  const engines = useEngines()
  const load = ref<MachineLoad | null>(null)
  /** The engine of the next run, or of the one that trains. */
  const engine = computed(() => {
    const id = runs.active?.engine
    return engines.engines.find((one) => (id ? one.id === id : one.selected))?.title ?? ''
  })
  const waiting = computed(() => runs.queue.ids.length)
  /** The share of its steps that the active run has made; null before the first. */
  const share = computed(() =>
    runs.active?.step && runs.active.totalSteps ? runs.active.step / runs.active.totalSteps : null,
  )

  const look = async () => {
    // A page that nobody sees asks nothing; a lost connection is said elsewhere.
    if (!document.hidden) load.value = await backend['app.load'](undefined).catch(() => null)
  }
  function watch(): () => void {
    void look()
    const timer = setInterval(() => void look(), interval)
    return () => clearInterval(timer)
  }
  return { load, engine, waiting, share, watch }
})
