import { computed, onBeforeUnmount, ref, watch } from 'vue'
import { backend, onEvent } from '#backend'
import { useApp } from '#shell/store'
import { useAnswer } from '#features/inspect/answer'
import { useInspect } from '#features/inspect/store'

/** The patches of the image, predicted one after the other, as a film that plays, pauses and can be saved. */
export function useUnrolling() {
  const app = useApp()
  const inspect = useInspect()
  /** Whether each patch is predicted from the true patches before it, or from its own predictions. */
  const mode = ref<'teacher' | 'free'>('teacher')
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
        given: Math.min(given.value, patches.value),
      },
  )
  const { answer, busy } = useAnswer(() => question.value, backend['inspect.unroll'])
  onBeforeUnmount(
    onEvent('inspect.progress', ({ what, share: done }) => what === 'unroll' && (share.value = done)),
  )

  const shown = ref(0)
  const playing = ref(true)
  /** Seconds that the whole film takes. */
  const seconds = ref(5)
  const timer = setInterval(() => {
    if (!playing.value || !answer.value) return
    shown.value = Math.min(patches.value, shown.value + (patches.value * 0.05) / seconds.value)
    if (shown.value >= patches.value) playing.value = false
  }, 50)
  onBeforeUnmount(() => clearInterval(timer))
  function replay() {
    shown.value = Math.min(given.value, patches.value)
    playing.value = true
  }
  const toggle = () => (shown.value >= patches.value ? replay() : (playing.value = !playing.value))
  watch(answer, replay)
  const place = computed({ get: () => Math.floor(shown.value), set: (k) => (shown.value = k) })

  /** The path of the file that was saved last. */
  const saved = ref<string | null>(null)
  async function save(format: 'gif' | 'png') {
    const folder = await app.attempt(() => app.pickFolder('Choose a folder for the file'))
    if (!folder || !question.value) return
    const asked = { ...question.value, format, folder }
    saved.value = (await app.attempt(() => backend['inspect.saveUnrolled'](asked)))?.path ?? null
  }

  return {
    ...{ mode, given, share, patches, answer, busy },
    ...{ playing, seconds, place, replay, toggle, saved, save },
  }
}
