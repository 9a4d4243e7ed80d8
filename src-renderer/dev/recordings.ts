import { type CallName, calls } from '#shared/contract'
import { AppError } from '#shared/errors'
import recorded from './recordings/calls.json'

/** An answer that the backend once gave (build/dev/record.mjs). */
interface Recording {
  call: string
  input?: unknown
  output?: unknown
}
export const recordings: Recording[] = recorded

/** Calls that nothing was recorded of. */
export const unrecorded = (Object.keys(calls) as CallName[]).filter(
  (name) => !recordings.some(({ call }) => call === name),
)

/**
 * The recorded answer to a question; where only others were recorded for its call, that to the last of them.
 * @throws AppError where there is none at all.
 */
export function recordedAnswer(name: CallName, input: unknown): unknown {
  const ofCall = recordings.filter(({ call }) => call === name)
  const found = ofCall.find((other) => JSON.stringify(other.input) === JSON.stringify(input)) ?? ofCall.at(-1)
  if (found) return found.output
  throw new AppError(
    'unexpected',
    `No answer of ${name} is recorded.`,
    'Add the call to build/dev/record.mjs and run `npm run record`.',
  )
}
