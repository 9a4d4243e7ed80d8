import { CommanderError } from 'commander'
import { AppError, toErrorData } from '#shared/errors'
import { answerError, warn } from './answer'
import { endingOf, exitCodes } from './exit-codes'

/** Says an error with what to do about it, and ends with the code of its kind. */
export function fail(error: unknown): never {
  const { code, message, advice } = toErrorData(wrongUse(error) ?? error)
  if (code === 'unexpected') warn((error instanceof Error && error.stack) || message)
  else if (!(error instanceof CommanderError)) warn(`Error: ${message}${advice ? `\n${advice}` : ''}`)
  answerError({ code, message, advice })
  process.exit(exitCodes[endingOf[code]].code)
}

/** What commander found wrong and has said already, as an error of ours. Ends where it only showed help. */
function wrongUse(error: unknown): AppError | undefined {
  if (!(error instanceof CommanderError)) return undefined
  if (error.exitCode === 0) process.exit(0)
  return new AppError('bad-settings', error.message.replace(/^error: /, ''))
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
