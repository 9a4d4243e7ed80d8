import type { ErrorCode } from '#shared/errors'
import { ordinal } from '#shared/words'
import type { Run } from '#shared/contract'

/** The state of a run: a word, and the dot before it. */
export interface RunState {
  word: string
  dot: 'run' | 'ok' | 'warn' | 'bad' | 'wait' | ''
}

/** What a failure is called in a row. */
const failures: Partial<Record<ErrorCode, string>> = {
  'out-of-memory': 'Out of memory',
  'not-finite': 'Diverged',
  'disk-full': 'Disk full',
  'folder-missing': 'Images not found',
}

const states: Record<Exclude<Run['status'], 'queued' | 'failed'>, RunState> = {
  starting: { word: 'Starting', dot: 'run' },
  running: { word: 'Training', dot: 'run' },
  paused: { word: 'Paused', dot: 'warn' },
  stopped: { word: 'Stopped', dot: '' },
  finished: { word: 'Finished', dot: 'ok' },
  interrupted: { word: 'Interrupted', dot: 'bad' },
}

/** The state of a run that waits at a place of the queue, 0 first; -1 where it does not wait. */
export function stateOf({ status, error, stalledSeconds }: Run, place: number): RunState {
  if (status === 'queued')
    return { word: place < 0 ? 'Queued' : `Queued, ${ordinal(place + 1)}`, dot: 'wait' }
  if (status === 'failed') return { word: (error && failures[error.code]) ?? 'Failed', dot: 'bad' }
  return stalledSeconds === null ? states[status] : { word: 'Stuck', dot: 'bad' }
}
