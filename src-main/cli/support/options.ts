import { InvalidArgumentError, Option } from 'commander'
import { readNumber, readWhole } from '#shared/numbers'
import { automatic } from '#shared/contract'
import { environment } from '#platform/environment'
import { runsFolder } from '#platform/paths'

/** Parses the value of a flag as a whole number within bounds; the command ends in words where it is none. */
export const whole = (minimum: number, maximum?: number) => (text: string) =>
  accepted(readWhole(text, minimum, maximum))

/** The same for any number. */
export const anyNumber = (text: string) => accepted(readNumber(text))

function accepted({ value, problem }: ReturnType<typeof readNumber>): number {
  if (value === null) throw new InvalidArgumentError(problem)
  return value
}

/** Flags that several commands have. */

export const runsOption = () =>
  new Option('--runs <folder>', 'where runs are kept').default(runsFolder(), 'the folder of the application')

export const engineOption = () =>
  new Option('--engine <id>', 'what computes').default(
    environment.engine() ?? automatic,
    'auto, the fastest that was tested here and works',
  )

export const threadsOption = () =>
  new Option('--threads <n>', 'threads of the engine; 0 chooses').default(0).argParser(whole(0, 256))

export const decodersOption = () =>
  new Option('--decoders <n>', 'threads that decode images; 0 chooses').default(0).argParser(whole(0, 64))

export const stepOption = () =>
  new Option('--step <n>', 'the checkpoint; without it, the newest').argParser(whole(0))

export const detachOption = () =>
  new Option('--detach', 'train in the background and answer at once; `saim wait` waits for its end')

/** What the argument <run> of a command may be. */
export const runArgument = 'a run: its id or the beginning of it, its name or its folder'
