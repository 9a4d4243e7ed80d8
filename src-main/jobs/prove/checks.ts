import type { NamedTensorData } from '#model/tensor/step'

/** One comparison with the reference: the largest difference found and the largest allowed. */
export interface Check {
  name: string
  difference: number
  tolerance: number
}

/** Tolerances of docs/method.md: forward and weights absolute, gradients relative to a tensor's largest. */
export const tolerances = { forward: 1e-4, gradient: 1e-3, loss: 1e-3 }

/**
 * A key's bias moves all scores of a query alike, so that its true gradient is 0 and what either implementation
 * gives is rounding. Gradients below this share of the largest of all are compared with that share instead.
 */
const roundingFloor = 1e-5

/** Softmax does not see the bias of keys: its gradient is 0, and what engines answer is what they round. */
export const hasGradient = (weight: string) => !weight.endsWith('attn.k.bias')

/** Gradients of weights `names`, relative to the largest of each. */
export function compareGradients(
  actual: NamedTensorData,
  expected: NamedTensorData,
  names: string[],
): Check[] {
  const largestOfAll = Math.max(...names.map((name) => largest(expected[name]!.values)))
  return names.map((name) => {
    const scale = Math.max(largest(expected[name]!.values), roundingFloor * largestOfAll)
    const { difference } = check(name, actual[name]!.values, expected[name]!.values, 0)
    return { name: `gradient ${name}`, difference: difference / scale, tolerance: tolerances.gradient }
  })
}

/** Losses of all steps, and the weights `names` after them. */
export const compareTraining = (
  actual: { losses: number[]; after: NamedTensorData },
  expected: { losses: number[]; after: NamedTensorData },
): Check[] => [
  check(`losses of ${expected.losses.length} steps`, actual.losses, expected.losses, tolerances.loss),
  ...Object.entries(actual.after).map(([name, { values }]) =>
    check(`trained ${name}`, values, expected.after[name]?.values ?? [], tolerances.loss),
  ),
]

/** The largest difference; infinite where lengths differ or something is not a number. */
export function check(
  name: string,
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  tolerance: number,
): Check {
  let difference = actual.length === expected.length ? 0 : Infinity
  for (let i = 0; i < actual.length; i++) {
    const d = Math.abs(actual[i]! - expected[i]!)
    if (!(d <= difference)) difference = Number.isNaN(d) ? Infinity : d
  }
  return { name, difference, tolerance }
}

const largest = (values: ArrayLike<number>) =>
  Array.from(values).reduce((most, value) => Math.max(most, Math.abs(value)), 0)
