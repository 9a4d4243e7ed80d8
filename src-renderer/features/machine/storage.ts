import { defineStore } from 'pinia'
import { computed, ref } from 'vue'
import type { CallOutput } from '#shared/contract'
import { backend } from '#backend'
import { bytes } from '#ui/format'
import { useApp } from '#shell/store'

/** How much disk the runs take, in bytes, and what can be deleted. */
export const useDisk = defineStore('disk', () => {
  const app = useApp()
  const use = ref<CallOutput<'runs.disk'> | null>(null)
  const total = computed(() => (use.value?.runs ?? []).reduce((sum, run) => sum + run.totalBytes, 0))

  async function load() {
    use.value = (await app.attempt(() => backend['runs.disk'](undefined))) ?? use.value
  }
  async function report(freed: number) {
    if (freed) app.say(`${bytes(freed)} freed.`)
    await load()
  }
  /** Keeps only the newest and the best checkpoints of these runs. If one run fails, the others go on. */
  async function prune(ids: string[], keepBest: number) {
    let freed = 0
    for (const id of ids)
      freed += (await app.attempt(() => backend['runs.prune']({ id, keepEvery: 0, keepBest })))?.freed ?? 0
    await report(freed)
  }
  async function emptyTrash() {
    await report((await app.attempt(() => backend['runs.emptyTrash'](undefined)))?.freed ?? 0)
  }

  return { use, total, load, prune, emptyTrash }
})
