import { onScopeDispose, ref, watch } from 'vue'
import type { CallInput, Run } from '#shared/contract'
import { useRuns } from '#features/runs/store'

/** Milliseconds after the last letter until it is saved. */
const pause = 600

/** The name and notes of a run as they are typed; they save themselves, at the latest when they are left. */
export function useNotes(run: Run) {
  const runs = useRuns()
  const name = ref(run.name)
  const notes = ref(run.notes)
  const state = ref<'' | 'Saving…' | 'Saved' | 'Not saved'>('')
  let timer: ReturnType<typeof setTimeout> | undefined

  async function save() {
    clearTimeout(timer)
    timer = undefined
    const changes: CallInput<'runs.update'> = { id: run.id, notes: notes.value }
    if (name.value.trim()) changes.name = name.value.trim()
    try {
      await runs.update(changes)
      state.value = 'Saved'
    } catch {
      state.value = 'Not saved'
    }
  }
  watch([name, notes], () => {
    state.value = 'Saving…'
    clearTimeout(timer)
    timer = setTimeout(() => void save(), pause)
  })
  onScopeDispose(() => timer && void save())
  return { name, notes, state }
}
