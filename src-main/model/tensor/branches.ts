import { mapValues, type NamedTensors, type StepFunction } from './step'
import * as tf from './tf'

/** What `compute` makes of each share of some images: all tensors, which have an axis of images first, are divided evenly. */
export function inBranches<T>(
  tensors: NamedTensors,
  branches: number,
  compute: (share: NamedTensors) => T,
): T[] {
  const count = Object.values(tensors)[0]!.shape[0]!
  const sizes = Array.from({ length: branches }, (_, i) => Math.ceil((count - i) / branches))
  const shares = mapValues(tensors, (tensor) => tf.split(tensor, sizes))
  return sizes.map((_, i) => compute(mapValues(shares, (share) => share[i]!)))
}

/** A step that makes something of each image by itself, with as many branches as there are images for, up to `most`. */
export const withBranches = (step: StepFunction, most: number): StepFunction => {
  if (most === 1) return step
  return (state, inputs) => {
    const branches = Math.min(most, Object.values(inputs)[0]!.shape[0]!)
    const parts = inBranches(inputs, branches, (share) => step(state, share).outputs)
    return { outputs: mapValues(parts[0]!, (_, name) => tf.concat(parts.map((part) => part[name]!))) }
  }
}
