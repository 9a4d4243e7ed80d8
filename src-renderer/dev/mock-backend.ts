import { ref } from 'vue'
import type { Backend, CallName } from '#shared/contract'
import { recordedAnswer, unrecorded } from './recordings'

/** Stands in for `#backend` in `npm run dev:mock` and in the gallery; never shipped. It answers as was recorded and tells no events. */

export const connected = ref(true)
export const refused = ref(false)

export const backend = new Proxy({} as Backend, {
  get: (_target, name: CallName) => async (input: unknown) => structuredClone(recordedAnswer(name, input)),
})

export const onEvent = () => () => true

console.info(`Recorded answers only. These calls have none and fail: ${unrecorded.join(', ')}`)
