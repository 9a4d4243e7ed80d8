import type { Hyperparameters } from '#shared/settings/hyperparameters'
import type { CheckpointState, SavedCheckpoint } from './checkpoint'

/** Where a run is, as it goes on from a checkpoint, and whether it still gets better. */

export const noInterval: CheckpointState['interval'] = { sum: 0, steps: 0, validation: null }

/** Where training goes on. */
export type ResumePoint = Pick<CheckpointState, 'step' | 'batch' | 'interval' | 'best' | 'seconds'>

/** The point of a checkpoint, or the start. With another batch size an epoch has other batches: then the nearest to the same place in it. */
export function resumePoint(saved: SavedCheckpoint | null, batchesPerEpoch: number): ResumePoint {
  if (!saved) return { step: 0, batch: 0, interval: noInterval, best: null, seconds: 0 }
  const { state } = saved
  const same = state.batchesPerEpoch === batchesPerEpoch
  return {
    ...state,
    batch: same ? state.batch : Math.round((state.batch * batchesPerEpoch) / state.batchesPerEpoch),
  }
}

type Best = CheckpointState['best']

export const betterOf = (best: Best, loss: number): Best =>
  !best || loss < best.loss
    ? { loss, checkpointsAgo: 0 }
    : { ...best, checkpointsAgo: best.checkpointsAgo + 1 }

export const isPatienceOver = ({ patience }: Hyperparameters, best: Best) =>
  patience > 0 && best !== null && best.checkpointsAgo >= patience
