import type { Precision } from '#shared/settings/precision'

/** The largest differences from exact results that are rounding. */
export interface Limits {
  /** Stages of the forward pass, absolute. */
  forward: number
  /** The loss of the first step. */
  loss: number
  /** Gradients of the L2 loss, relative to the largest of each tensor. */
  gradient: number
  /** Those of the L1 loss, which jump where rounding turns the sign of a difference. */
  gradientOfL1: number
  /** Losses of all steps of a training, and weights after it. */
  training: number
}

/**
 * Of each precision, about three times what was seen at most: the formats were rounded to in operators (`roundFactors`) and, in
 * 16 bits, by TensorFlow, on the proof's model and on all reference data (docs/method.md).
 */
export const limits: Record<Precision, Limits> = {
  float32: { forward: 1e-4, loss: 1e-4, gradient: 1e-3, gradientOfL1: 1e-3, training: 1e-3 },
  tf32: { forward: 2e-2, loss: 3e-3, gradient: 1e-2, gradientOfL1: 0.2, training: 3e-3 },
  bfloat16: { forward: 0.2, loss: 1.5e-2, gradient: 0.1, gradientOfL1: 0.3, training: 1.5e-2 },
  float16: { forward: 2e-2, loss: 3e-3, gradient: 1e-2, gradientOfL1: 0.2, training: 3e-3 },
}
