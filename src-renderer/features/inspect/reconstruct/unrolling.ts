import { computed, onBeforeUnmount, ref, watch } from 'vue'
import { backend, onEvent } from '#backend'
import { useApp } from '#shell/store'
import { useAnswer } from '#features/inspect/answer'
import { useInspect } from '#features/inspect/store'

export type Mode = 'teacher' | 'free'

/** Predictions that are fed back: each patch from what was predicted before it. Asked for only where `mode` is free. */
export function useUnrolling() {
  const app = useApp()
  const inspect = useInspect()
  /** Whether each patch is predicted from the true patches before it, or from the model's own predictions. */
  const mode = ref<Mode>('teacher')
  /** Patches at the start that are the image's own. */
  const given = ref(0)
  /** How far the prediction is, 0 to 1. */
  const share = ref(0)
  const patches = computed(() => inspect.grid ** 2)
  // A model that does not predict the mean of a patch cannot start from nothing.
  watch(mode, (chosen) => {
    if (chosen === 'free' && inspect.run?.hyperparameters.normalizePixels)
      given.value ||= Math.round(patches.value / 4)
  })
  const question = computed(
    () =>
      inspect.question && {
        ...inspect.question,
        mode: mode.value,
        given: mode.value === 'free' ? Math.min(given.value, patches.value) : 0,
      },
  )
  const { answer, busy } = useAnswer(
    () => (mode.value === 'free' ? question.value : null),
    backend['inspect.unroll'],
  )
  onBeforeUnmount(
    onEvent('inspect.progress', ({ what, share: done }) => what === 'unroll' && (share.value = done)),
  )

  /** The path of the file that was saved last. */
  const saved = ref<string | null>(null)
  async function save(format: 'gif' | 'png') {
    const folder = await app.attempt(() => app.pickFolder('Choose a folder for the file'))
    if (!folder || !question.value) return
    const asked = { ...question.value, format, folder }
    saved.value = (await app.attempt(() => backend['inspect.saveUnrolled'](asked)))?.path ?? null
  }
  return { mode, given, share, answer, busy, saved, save }
}

/** Counts a place up to an end, all of it in a number of seconds; `set` shows each place. */
export function usePlayer(place: () => number, end: () => number, set: (place: number) => void) {
  const playing = ref(false)
  const seconds = ref(5)
  let last = 0
  let at = 0
  const timer = setInterval(() => {
    const now = performance.now()
    const passed = (now - last) / 1000
    last = now
    if (!playing.value) return
    at += (passed * (end() + 1)) / seconds.value
    if (at >= end()) playing.value = false
    set(Math.min(end(), Math.floor(at)))
  }, 50)
  onBeforeUnmount(() => clearInterval(timer))
  function toggle() {
    playing.value = !playing.value
    last = performance.now()
    at = place() >= end() ? 0 : place()
    if (playing.value) set(Math.floor(at))
  }
  return { playing, seconds, toggle }
}
