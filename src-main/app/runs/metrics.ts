import type { Metric, MetricColumns } from '#shared/contract'
import { numberIn, tailMetrics } from '#storage/run/metrics'

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

/** At most `points` metrics, twice as many where there is a validation loss: those of `placesOf`. */
export function thin(columns: MetricColumns, points: number): MetricColumns {
  if (columns.step.length <= points) return columns
  const places = placesOf(columns, points)
  return mapColumns(columns, (values) => places.map((i) => values[i]!))
}

/**
 * Places in a long row of metrics: the first and the last, and of each stretch between them those of the lowest and the
 * highest loss, so that spikes stay visible; at most `points`. Those with a validation loss too, at most `points` more.
 */
function placesOf({ loss, validationLoss }: Pick<MetricColumns, 'loss' | 'validationLoss'>, points: number) {
  const last = loss.length - 1
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
  return [...kept].sort((a, b) => a - b)
}

/** So many metrics of a run are kept in memory, as many as anybody asks for at once; of longer runs a choice of them. */
const kept = 2000

/** Of many lines those to keep, chosen before they are parsed and checked, which takes far longer than to find a loss. */
function choose(lines: string[]): string[] {
  if (lines.length <= 2 * kept) return lines
  const column = (name: 'loss' | 'validationLoss') => lines.map((line) => numberIn(line, name))
  const columns = { loss: column('loss').map(Number), validationLoss: column('validationLoss') }
  return placesOf(columns, kept).map((i) => lines[i]!)
}

/** Columns as they are kept, NaN where there is no number: of plain arrays V8 may make an object for each number. */
type PackedColumns = Record<keyof MetricColumns, Float64Array>

const pack = (columns: MetricColumns) =>
  Object.fromEntries(
    Object.entries(columns).map(([name, values]) => [
      name,
      Float64Array.from(values, (value) => value ?? NaN),
    ]),
  ) as PackedColumns

const unpack = (packed: PackedColumns) =>
  Object.fromEntries(
    Object.entries(packed).map(([name, values]) => [
      name,
      Array.from(values, (value) => (Number.isNaN(value) ? null : value)),
    ]),
  ) as MetricColumns

/** The metrics of runs, read once and then only as far as they grew. */
export class MetricsReader {
  private readonly known = new Map<string, { session: number; packed: PackedColumns; nextByte: number }>()

  /** The metrics of a run's folder so far. A new session of training may have cut them: then they are read anew. */
  async read(folder: string, session: number): Promise<MetricColumns> {
    const last = this.known.get(folder)
    const before = last?.session === session ? last : null
    const { metrics, nextByte, cut } = await tailMetrics(folder, before?.nextByte ?? 0, choose)
    const added = columnsOf(metrics)
    const joined = before && !cut ? join(unpack(before.packed), added) : added
    const all = joined.step.length > 2 * kept ? thin(joined, kept) : joined
    this.known.set(folder, { session, packed: pack(all), nextByte })
    return all
  }

  forget = (folder: string) => void this.known.delete(folder)
}
