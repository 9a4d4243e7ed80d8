/**
 * What the factors of matrix products are rounded to. Their sums, everything else, weights and moments have 32 bits always, and
 * so has attention where a kernel computes it as one. tf32 has 10 bits of fraction, bfloat16 7 and float16 10; float16 lacks
 * the range of the others, so that training by it needs a scaled loss (Micikevicius et al. 2018; Kalamkar et al. 2019).
 */
export const precisions = ['float32', 'tf32', 'bfloat16', 'float16'] as const

export type Precision = (typeof precisions)[number]

/** What a person can ask for: `auto` is the fastest that the engine showed here, which a run records when it first begins. */
export const precisionChoices = ['auto', ...precisions] as const
export type PrecisionChoice = (typeof precisionChoices)[number]

/** What is computed in: in float32 before anything was chosen by speed. */
export const decided = (precision: PrecisionChoice): Precision =>
  precision === 'auto' ? 'float32' : precision

/** Those that need no scaled loss, which PyTorch alone has. */
export const unscaledPrecisions = ['float32', 'tf32', 'bfloat16'] as const satisfies readonly Precision[]
