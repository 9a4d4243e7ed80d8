import { toErrorData } from '#shared/errors'

/** Prints an error with what to do about it and ends with code 1. */
export function fail(error: unknown): never {
  const { code, message, advice } = toErrorData(error)
  if (code === 'unexpected') console.error(error)
  else console.error(`Error: ${message}${advice ? `\n${advice}` : ''}`)
  process.exit(1)
}

/**
 * Ends the command where nobody reads its output any more (`saim runs | head -1`), as when it is asked to: what trains saves
 * first. Any other trouble with the output is told.
 */
export function endWithReader(): void {
  let ending = false
  const end = (error: NodeJS.ErrnoException) => {
    if (ending) return
    ending = true
    if (error.code !== 'EPIPE') fail(error)
    if (!process.emit('SIGTERM', 'SIGTERM')) process.exit(0)
  }
  process.stdout.on('error', end)
  process.stderr.on('error', end)
}

/** A number of seconds as `1 h 05 min`, `3 min 20 s` or `12 s`. */
export function duration(seconds: number): string {
  const whole = Math.round(seconds)
  const [h, min, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60]
  if (h > 0) return `${h} h ${String(min).padStart(2, '0')} min`
  return min > 0 ? `${min} min ${String(s).padStart(2, '0')} s` : `${s} s`
}

/** A share of right answers as `71.4 %`. */
export const accuracyText = (share: number) => `${(100 * share).toFixed(1)} %`
