import type { NamedTensorData } from '#model/tensor/step'

/** One comparison with the reference: the largest difference found and the largest allowed. */
export interface Check {
  name: string
  difference: number
  tolerance: number
}

/**
 * A gradient below this share of the largest of its layer is zero but for rounding, as that of a key's bias, which moves all
 * scores of a query alike: seen are 1e-7 at most, and 0.3 at least of any other.
 */
const roundingShare = 1e-5

/**
 * Gradients of weights `names`, relative to the largest of each. What is zero but for rounding has no size of its own: it must
 * be small beside its layer's.
 */
export function compareGradients(
  actual: NamedTensorData,
  expected: NamedTensorData,
  names: string[],
  tolerance: number,
): Check[] {
  const isZero = zeroGradients(expected, names)
  const sizeOf = (name: string) => largest(expected[name]!.values)
  const largestOfAll = Math.max(...names.map(sizeOf))
  return names.map((name) => {
    const size = isZero(name) ? layerSize(expected, names, name) : sizeOf(name)
    const { difference } = check(name, actual[name]!.values, expected[name]!.values, tolerance)
    const scale = Math.max(size, roundingShare * largestOfAll)
    return { name: `gradient ${name}`, difference: difference / scale, tolerance }
  })
}

/** Which of some gradients are zero but for rounding. */
const zeroGradients = (gradients: NamedTensorData, names: string[]) => (name: string) =>
  largest(gradients[name]!.values) < roundingShare * layerSize(gradients, names, name)

/** The largest gradient of the layer that a weight belongs to. */
function layerSize(gradients: NamedTensorData, names: string[], name: string): number {
  const layerOf = (weight: string) => weight.replace(/\.(weight|bias)$/, '')
  const layer = names.filter((other) => layerOf(other) === layerOf(name))
  return Math.max(...layer.map((other) => largest(gradients[other]!.values)))
}

/** Weights to compare after a training: without gradient AdamW has them move by whole steps, wherever rounding points. */
export function withGradient(gradients: NamedTensorData): string[] {
  const names = Object.keys(gradients)
  const isZero = zeroGradients(gradients, names)
  return names.filter((name) => !isZero(name))
}

/** Losses of all steps, and weights after them. */
export const compareTraining = (
  actual: { losses: number[]; after: NamedTensorData },
  expected: { losses: number[]; after: NamedTensorData },
  tolerance: number,
): Check[] => [
  check(`losses of ${expected.losses.length} steps`, actual.losses, expected.losses, tolerance),
  ...Object.entries(actual.after).map(([name, { values }]) =>
    check(`trained ${name}`, values, expected.after[name]?.values ?? [], tolerance),
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
