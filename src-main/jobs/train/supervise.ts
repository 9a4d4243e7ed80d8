import type { RunError } from '#shared/contract'
import { AppError, toErrorData } from '#shared/errors'
import type { Hyperparameters } from '#shared/settings/hyperparameters'
import { type Child, endWithin, type Fork } from '#platform/processes'
import { lockOwner } from '#storage/lock'
import { isOutOfMemory } from './memory'
import type { EndStatus, StopMessage, TrainingMessage } from './messages'
import { appendLog, changeSettings, readRun, runPaths, updateRun } from '#storage/run/run-folder'

/** A run in training, as the window and the command line hold it. */
export interface Training {
  /** Finishes the step, saves and ends. */
  stop(as: StopMessage['as']): void
  /** Ends the process at once. */
  kill(): void
  ended: Promise<Ended>
}

/** How it ended: `interrupted` without a word of its process. */
export interface Ended {
  status: EndStatus | 'interrupted'
  error: RunError | null
}

/**
 * Trains a run in a process of its own. Where it dies without a word, says so in the run folder. Where a batch does
 * not fit in memory, finds the largest that does by trying, and goes on with it where the settings allow.
 */
export function startTraining(
  fork: Fork,
  folder: string,
  onMessage: (message: TrainingMessage) => void = () => undefined,
): Training {
  let child: Child
  let stopped: StopMessage['as'] | null = null
  let forget: (() => void) | null = null
  const pace = new Pace()

  async function session(): Promise<Ended> {
    child = fork('training', [folder])
    pace.begin()
    const ended = await outcome(child, folder, (message) => {
      if (message.type === 'progress') pace.step()
      onMessage(message)
    })
    forget?.()
    if (ended.status === 'interrupted') return { ...ended, error: await noteDeath(folder, ended.error!) }
    return ended
  }

  async function run(): Promise<Ended> {
    for (;;) {
      const ended = await session()
      if (ended.error?.code !== 'out-of-memory' || stopped) return ended
      // What fits on other machines cannot be tried on this one.
      if ((await readRun(folder)).cluster?.launcher === 'ray') return ended
      const { remedy, error } = await explainMemory(fork, folder, ended.error)
      const { adaptBatch } = (await readRun(folder)).hyperparameters
      if (!remedy || !adaptBatch || stopped) return { ...ended, error }
      await changeSettings(folder, remedy)
    }
  }

  return {
    stop(as) {
      stopped = as
      child.post({ type: 'stop', as } satisfies StopMessage)
      forget ??= endWithin(child, pace.patience)
    },
    kill() {
      stopped = 'stopped'
      child.kill()
    },
    ended: run(),
  }
}

/** What a training process said of its end; where it said nothing, what its death looks like. */
function outcome(
  child: Child,
  folder: string,
  onMessage: (message: TrainingMessage) => void,
): Promise<Ended> {
  let said: Ended | null = null
  child.onMessage((data) => {
    const message = data as TrainingMessage
    if (message.type === 'ended') said = { status: message.status, error: message.error ?? null }
    onMessage(message)
  })
  return new Promise((resolve) =>
    child.onExit((code, errors) => {
      if (errors) note(folder, errors)
      resolve(said ?? { status: 'interrupted', error: death(code, errors) })
    }),
  )
}

/** How long a step takes, and so how long a process may take to end after it was asked to. */
class Pace {
  private last = NaN
  private longest = 0

  begin(): void {
    this.last = NaN
  }

  step(): void {
    const now = performance.now()
    if (!Number.isNaN(this.last)) this.longest = Math.max(this.longest, now - this.last)
    this.last = now
  }

  /** Milliseconds: for the step, its checkpoint and its pictures, or for the first step, before which nothing can be lost. */
  get patience(): number {
    return Math.max(leastPatience, stepsOfPatience * this.longest)
  }
}
const leastPatience = 180_000
const stepsOfPatience = 20

function death(code: number | null, errors: string): RunError {
  const how = code === null ? 'was killed' : `ended with code ${code}`
  if (isOutOfMemory(errors))
    return toErrorData(
      new AppError('out-of-memory', `The training process ${how}: there was no memory left.`),
    )
  return toErrorData(
    new AppError(
      'worker-died',
      `The process ended unexpectedly: it ${how}${errors ? `, with ${errors.split('\n').at(-1)}` : '.'}`,
      'Resume from the newest checkpoint. If it happens again, memory may be too small: try a smaller batch.',
    ),
  )
}

/** Writes what the process could not write itself. The disk may be what is wrong: then the caller still knows. */
async function noteDeath(folder: string, error: RunError): Promise<RunError> {
  note(folder, error.message)
  if (!(await lockOwner(runPaths(folder).lock)))
    await updateRun(folder, { error }).catch((failed) => console.error(failed))
  return error
}

function note(folder: string, text: string): void {
  try {
    appendLog(folder, text)
  } catch (failed) {
    console.error(failed)
  }
}

/** Finds the largest batch that fits and writes it into the run's error. */
async function explainMemory(fork: Fork, folder: string, error: RunError) {
  const { hyperparameters: h } = await readRun(folder)
  appendLog(folder, `A batch of ${h.batchSize} does not fit in memory. Looking for one that does ...`)
  const remedy = await largestBatch(fork, folder, h)
  const advice = remedy
    ? `The largest batch that fits is ${remedy.batchSize}: with accumulation ${remedy.accumulation} the effective batch stays ${h.batchSize * h.accumulation}.`
    : `Not even a batch of one image fits: ${h.gradientCheckpointing ? '' : 'turn gradient checkpointing on, '}choose a smaller model or close other programs.`
  appendLog(folder, advice)
  const explained = { ...error, advice, remedies: remedy ? [remedy] : [] }
  await updateRun(folder, { error: explained })
  return { remedy, error: explained }
}

/**
 * The largest batch below the present one that fits in memory and divides the effective batch, with the accumulation
 * that keeps it; null where none does. Each is tried in a process of its own.
 */
async function largestBatch(
  fork: Fork,
  folder: string,
  { batchSize, accumulation }: Hyperparameters,
): Promise<Pick<Hyperparameters, 'batchSize' | 'accumulation'> | null> {
  const effective = batchSize * accumulation
  const candidates = Array.from({ length: batchSize - 1 }, (_, i) => i + 1)
    .filter((size) => effective % size === 0 && effective / size <= 1024)
    .map((size) => ({ batchSize: size, accumulation: effective / size }))
  let [low, high] = [0, candidates.length] // those below `low` fit, those from `high` on do not
  while (low < high) {
    const middle = Math.ceil((low + high - 1) / 2)
    if (await fits(fork, folder, candidates[middle]!)) low = middle + 1
    else high = middle
  }
  return candidates[low - 1] ?? null
}

function fits(
  fork: Fork,
  folder: string,
  { batchSize, accumulation }: Pick<Hyperparameters, 'batchSize' | 'accumulation'>,
): Promise<boolean> {
  const child = fork('trial', [folder, String(batchSize), String(accumulation)])
  let fit = false
  child.onMessage((message) => (fit ||= message === 'fits'))
  return new Promise((resolve) => child.onExit(() => resolve(fit)))
}
