import type { Metric, MetricColumns } from '../../src-shared/contract'
import { tailMetrics } from '../training/metrics'

const names = ['step', 'epoch', 'loss', 'learningRate', 'gradientNorm', 'imagesPerSecond', 'memory'] as const

/** Metrics by column: a sixth of the memory that objects take. */
export const columnsOf = (metrics: Metric[]): MetricColumns =>
  ({
    ...Object.fromEntries(names.map((name) => [name, metrics.map((metric) => metric[name])])),
    validationLoss: metrics.map(({ validationLoss = null }) => validationLoss),
  }) as MetricColumns

/** The columns, each changed in the same way. */
const mapColumns = (columns: MetricColumns, change: <T>(values: T[], name: keyof MetricColumns) => T[]) =>
  Object.fromEntries(
    Object.entries(columns).map(([name, values]) => [
      name,
      change<unknown>(values, name as keyof MetricColumns),
    ]),
  ) as MetricColumns

const join = (a: MetricColumns, b: MetricColumns) =>
  mapColumns(a, <T>(values: T[], name: keyof MetricColumns) => values.concat(b[name] as T[]))

/** The metrics after a step. */
export function after(columns: MetricColumns, step: number): MetricColumns {
  const first = columns.step.findIndex((s) => s > step)
  return mapColumns(columns, (values) => (first < 0 ? [] : values.slice(first)))
}

/**
 * At most `points` metrics: the first and the last, and of each stretch between them those of the lowest and the
 * highest loss, so that spikes stay visible. Those with a validation loss stay too, at most `points` more.
 */
export function thin(columns: MetricColumns, points: number): MetricColumns {
  const { loss, validationLoss } = columns
  const last = loss.length - 1
  if (loss.length <= points) return columns
  const kept = new Set([0, last])
  const stretches = Math.floor((points - 2) / 2)
  for (let s = 0; s < stretches; s++) {
    const from = 1 + Math.floor((s * (last - 1)) / stretches)
    const to = 1 + Math.floor(((s + 1) * (last - 1)) / stretches)
    let [low, high] = [from, from]
    for (let i = from; i < to; i++) {
      if (loss[i]! < loss[low]!) low = i
      if (loss[i]! > loss[high]!) high = i
    }
    kept.add(low).add(high)
  }
  const validated = [...validationLoss.keys()].filter((i) => validationLoss[i] !== null)
  for (const i of validated.slice(-points)) kept.add(i)
  const places = [...kept].sort((a, b) => a - b)
  return mapColumns(columns, (values) => places.map((i) => values[i]!))
}

/** So many metrics of a run are kept in memory, as many as anybody asks for at once; of longer runs a choice of them. */
const kept = 2000

/** The metrics of runs, read once and then only as far as they grew. */
export class MetricsReader {
  private readonly known = new Map<string, { session: number; metrics: MetricColumns; nextByte: number }>()

  /** The metrics of a run's folder so far. A new session of training may have cut them: then they are read anew. */
  async read(folder: string, session: number): Promise<MetricColumns> {
    const last = this.known.get(folder)
    const before = last?.session === session ? last : null
    const { metrics, nextByte, cut } = await tailMetrics(folder, before?.nextByte ?? 0)
    const added = columnsOf(metrics)
    const joined = before && !cut ? join(before.metrics, added) : added
    const all = joined.step.length > 2 * kept ? thin(joined, kept) : joined
    this.known.set(folder, { session, metrics: all, nextByte })
    return all
  }

  forget = (folder: string) => void this.known.delete(folder)
}
