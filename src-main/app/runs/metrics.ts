import type { MetricColumns } from '#shared/contract'
import { columnsOf, join, placesOf, thin } from '#storage/run/metric-columns'
import { numberIn, tailMetrics } from '#storage/run/metrics'

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
