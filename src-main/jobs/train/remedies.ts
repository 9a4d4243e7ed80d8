import type { RunError } from '#shared/contract'
import { slower } from '#shared/course'
import { AppError, toErrorData } from '#shared/errors'
import type { Hyperparameters } from '#shared/settings/hyperparameters'
import { isOutOfMemory } from './memory'

/** An error as the run folder keeps it: in words, with settings that the run may go on with. */
export function explain(error: unknown, h: Hyperparameters): RunError {
  const data = toErrorData(inWords(error, h))
  return data.code === 'not-finite' ? { ...data, remedies: remediesOfDivergence(h) } : data
}

/** Errors of the machine in words, with what to do. */
function inWords(error: unknown, { batchSize, gradientCheckpointing }: Hyperparameters): unknown {
  if (error instanceof AppError) return error
  const { code } = toErrorData(error)
  if (code === 'disk-full')
    return new AppError(
      'disk-full',
      'The disk is full. The last checkpoint is whole.',
      'Free some space, then resume the run.',
    )
  if (code === 'out-of-memory' || isOutOfMemory(String(error)))
    return new AppError(
      'out-of-memory',
      `A batch of ${batchSize} does not fit in memory.`,
      gradientCheckpointing
        ? 'Resume with a smaller batch, and accumulation to keep the effective batch.'
        : 'Resume with gradient checkpointing, or with a smaller batch, and accumulation to keep the effective batch.',
    )
  return error
}

function remediesOfDivergence(h: Hyperparameters): RunError['remedies'] {
  const clipped = h.clipGradient === 0 || h.clipGradient > 1 ? { clipGradient: 1 } : null
  return clipped ? [slower(h), clipped, { ...slower(h), ...clipped }] : [slower(h)]
}
