import type { EngineInfo } from '#shared/contract'
import { fastestPrecision } from '#shared/fastest-precision'
import type { PrecisionChoice } from '#shared/settings/precision'

/** Images that an engine trains in a second in a precision; 0 where it did not show that here. */
function speedOf({ proof }: EngineInfo, asked: PrecisionChoice): number {
  if (!proof) return 0
  const wanted = asked === 'auto' ? fastestPrecision(proof).precision : asked
  if (wanted === 'float32') return proof.imagesPerSecond
  return proof.precisions.find(({ precision }) => precision === wanted)?.imagesPerSecond ?? 0
}

/** Engines that work here, the fastest first. A GPU in software is none: the CPU that plays it is faster by itself. */
const ranked = (engines: EngineInfo[], precision: PrecisionChoice) =>
  engines
    .filter((engine) => engine.proof && !engine.proof.software && speedOf(engine, precision) > 0)
    .sort((a, b) => speedOf(b, precision) - speedOf(a, precision))

/** The fastest engine that works here in a precision; undefined where none was tested or works. */
export const fastestOf = (engines: EngineInfo[], precision: PrecisionChoice): EngineInfo | undefined =>
  ranked(engines, precision)[0]

/** Marks the fastest engine in a precision, saying why it is the one to use, and usable ones that are not to be. */
export function withRecommendations(engines: EngineInfo[], precision: PrecisionChoice): EngineInfo[] {
  const [best, next] = ranked(engines, precision)
  return engines.map((engine) => {
    if (engine.proof?.software) return { ...engine, recommendation: { recommended: false, reason: emulated } }
    if (engine !== best) return engine
    const reason = next ? comparedWith(next, speedOf(best, precision) / speedOf(next, precision)) : only
    return { ...engine, recommendation: { recommended: true, reason } }
  })
}

const emulated = 'Software rendering: correct, but slower than the CPU.'
const only = 'The only one that was tested and works.'
const comparedWith = ({ title }: EngineInfo, gain: number) =>
  gain < 1.05 ? `As fast as ${title} here.` : `${gain.toFixed(1)} times as fast as ${title} here.`
