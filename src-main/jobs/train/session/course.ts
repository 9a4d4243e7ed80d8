import type { Hyperparameters } from '#shared/settings/hyperparameters'
import type { ResumePoint } from '#storage/run/progress'

/** How the steps of a run count in batches and epochs, from where it goes on to its end. */
export class Course {
  readonly totalSteps: number
  private readonly checkpointSteps: number

  constructor(
    private readonly h: Hyperparameters,
    private readonly from: ResumePoint,
    readonly batchesPerEpoch: number,
  ) {
    const batchesToGo = h.epochs * batchesPerEpoch - from.batch
    this.totalSteps = Math.max(1, from.step + Math.floor(batchesToGo / h.accumulation))
    this.checkpointSteps = Math.max(1, Math.round((h.checkpointEvery * batchesPerEpoch) / h.accumulation))
  }

  get stepsPerEpoch(): number {
    return Math.ceil(this.totalSteps / this.h.epochs)
  }

  /** Batches before a step, counted from the start of the run. */
  batchesAt(step: number): number {
    return this.from.batch + (step - this.from.step) * this.h.accumulation
  }

  epochOf(step: number): number {
    return this.batchesAt(step) / this.batchesPerEpoch
  }

  endsEpoch(step: number): boolean {
    return Math.floor(this.epochOf(step)) > Math.floor(this.epochOf(step - 1)) || step === this.totalSteps
  }

  /** Whether a step has a checkpoint, even without a pause. */
  isRegular(step: number): boolean {
    return step % this.checkpointSteps === 0 || step === this.totalSteps
  }

  /** The place of a regular step's checkpoint among them, from 1. */
  numberOf(step: number): number {
    return Math.ceil(step / this.checkpointSteps)
  }
}
