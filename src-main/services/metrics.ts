import type { Metric, MetricColumns } from '../../src-shared/contract'
import { tailMetrics } from '../training/metrics'

const names = ['step', 'epoch', 'loss', 'learningRate', 'gradientNorm', 'imagesPerSecond', 'memory'] as const

/** Metrics by column. */
export const columnsOf = (metrics: Metric[]): MetricColumns =>
  ({
    ...Object.fromEntries(names.map((name) => [name, metrics.map((metric) => metric[name])])),
    validationLoss: metrics.map(({ validationLoss = null }) => validationLoss),
  }) as MetricColumns

/**
 * At most `points` metrics: the first and the last, and of each stretch between them those of the lowest and the
 * highest loss, so that spikes stay visible. Those with a validation loss stay too, at most `points` more.
 */
export function thin(metrics: Metric[], points: number): Metric[] {
  if (metrics.length <= points) return metrics
  const stretches = Math.floor((points - 2) / 2)
  const inner = metrics.slice(1, -1)
  const chosen: Metric[] = [metrics[0]!]
  for (let s = 0; s < stretches; s++) {
    const from = Math.floor((s * inner.length) / stretches)
    const to = Math.floor(((s + 1) * inner.length) / stretches)
    let [low, high] = [from, from]
    for (let i = from; i < to; i++) {
      if (inner[i]!.loss < inner[low]!.loss) low = i
      if (inner[i]!.loss > inner[high]!.loss) high = i
    }
    chosen.push(inner[Math.min(low, high)]!)
    if (low !== high) chosen.push(inner[Math.max(low, high)]!)
  }
  const kept = new Set([...chosen, ...metrics.filter((m) => m.validationLoss !== undefined).slice(-points)])
  kept.add(metrics.at(-1)!)
  return [...kept].sort((a, b) => a.step - b.step)
}

/** So many metrics of a run are kept in memory, more than anybody asks for at once; of longer runs a choice of them. */
const kept = 4000

/** The metrics of runs, read once and then only as far as they grew. */
export class MetricsReader {
  private readonly known = new Map<string, { session: number; metrics: Metric[]; nextByte: number }>()

  /** The metrics of a run's folder so far. A new session of training may have cut them: then they are read anew. */
  async read(folder: string, session: number): Promise<Metric[]> {
    const last = this.known.get(folder)
    const before = last?.session === session ? last : null
    const { metrics, nextByte, cut } = await tailMetrics(folder, before?.nextByte ?? 0)
    const joined = before && !cut ? before.metrics.concat(metrics) : metrics
    const all = joined.length > 2 * kept ? thin(joined, kept) : joined
    this.known.set(folder, { session, metrics: all, nextByte })
    return all
  }

  forget = (folder: string) => void this.known.delete(folder)
}
