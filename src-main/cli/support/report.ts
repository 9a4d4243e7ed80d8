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
