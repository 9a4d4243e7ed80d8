import { ref, type Ref, shallowRef, watch } from 'vue'
import { useApp } from '#shell/store'

/**
 * The answer to a question that changes. One request runs at a time, so that dragging a slider asks only for its latest
 * position. The old answer stays until the new one comes; null before the first.
 */
export function useAnswer<Q, A>(
  question: () => Q | null,
  ask: (question: Q) => Promise<A>,
): { answer: Ref<A | null>; busy: Ref<boolean>; failed: Ref<boolean> } {
  const app = useApp()
  const answer = shallowRef<A | null>(null)
  const busy = ref(false)
  const failed = ref(false)

  async function update(): Promise<void> {
    if (busy.value) return
    const wanted = JSON.stringify(question())
    const current = question()
    if (current === null) return void (answer.value = null)
    busy.value = true
    const found = await app.attempt(() => ask(current))
    failed.value = found === undefined
    answer.value = found ?? null
    busy.value = false
    if (JSON.stringify(question()) !== wanted) await update()
  }
  watch(() => JSON.stringify(question()), update, { immediate: true })
  return { answer, busy, failed }
}
