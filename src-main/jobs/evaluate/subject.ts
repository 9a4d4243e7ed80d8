import type { EvaluationMetric } from '#shared/contract'
import type { Hyperparameters } from '#shared/settings/hyperparameters'
import type { Engine } from '#engine/engine'
import type { PixelStatistics } from '#model/augment/crop'
import type { NamedTensorData } from '#model/tensor/step'
import type { Kept } from '#storage/evaluation-folder'

/** Hears how an evaluation gets on, and may ask it to stop. */
export interface Reporter {
  epoch(metric: Omit<EvaluationMetric, 'seconds'>): void
  /** So many images of `total` have their features. */
  features?(done: number, total: number): void
  /** What the person should know of the images, in a sentence. */
  notice(text: string): void
  stopped(): boolean
  /** What an earlier process kept of this training, and what keeps it for a later one. */
  kept: Kept | null
  keep(kept: Kept): Promise<void>
}

/** What is evaluated: an encoder, pre-trained or with random weights, and what runs it. */
export interface Subject {
  engine: Engine
  /** Settings of the pre-training. */
  h: Hyperparameters
  weights: NamedTensorData
  decoders: number
  /** By which pixels were normalised in pre-training. */
  statistics: PixelStatistics
}
