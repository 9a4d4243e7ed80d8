import type { Metric, RunError } from '#shared/contract'

/** What a training process tells its parent. The run folder says the same, for everybody else. */
export type TrainingMessage =
  | { type: 'started'; step: number; totalSteps: number; stepsPerEpoch: number }
  | { type: 'progress'; metric: Metric; totalSteps: number }
  | { type: 'log'; text: string }
  | { type: 'checkpoint'; step: number }
  | { type: 'ended'; status: EndStatus; error?: RunError }

export type EndStatus = 'finished' | 'paused' | 'stopped' | 'failed'

/** What a parent asks: finish the step, save, end. */
export interface StopMessage {
  type: 'stop'
  as: 'paused' | 'stopped'
}
