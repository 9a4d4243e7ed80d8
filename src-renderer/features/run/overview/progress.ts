import type { Run } from '#shared/contract'

/** What a run is doing, or how it ended, in words that a time can follow. */
export function phaseOf({ status }: Run): string {
  switch (status) {
    case 'queued':
      return 'Waiting since'
    case 'starting':
      return 'Starting'
    case 'running':
      return 'Compiling the model'
    case 'finished':
      return 'Finished'
    case 'paused':
      return 'Paused'
    default:
      return 'Stopped'
  }
}
