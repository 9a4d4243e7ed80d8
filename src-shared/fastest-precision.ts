import type { EngineProof } from './contract'
import type { Precision } from './settings/precision'

/** How much faster a precision must be than a more exact one to be taken in its place. */
const leastGain = 1.05

/**
 * The fastest precision that an engine showed on this machine, and why it is that; null where nothing is faster than float32. They
 * are compared on the largest preset that both were timed on, since small ones say little of a GPU.
 */
export function fastestPrecision({ precisions }: EngineProof): { precision: Precision; why: string | null } {
  const [exact, ...others] = precisions
  let best = exact!
  for (const other of others) if (gain(other, best) >= leastGain) best = other
  const { precision } = best
  if (best === exact) return { precision, why: null }
  return { precision, why: `${precision}, ${gain(best, exact!).toFixed(1)} times as fast as float32 here` }
}

type Proven = EngineProof['precisions'][number]

function gain(one: Proven, other: Proven): number {
  const common = one.presets.flatMap((preset) => {
    const same = other.presets.find((each) => each.preset === preset.preset)
    return same ? preset.imagesPerSecond / same.imagesPerSecond : []
  })
  return common.at(-1) ?? one.imagesPerSecond / other.imagesPerSecond
}
