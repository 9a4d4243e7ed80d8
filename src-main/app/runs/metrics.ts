import type { MetricColumns } from '#shared/contract'
import { bucketed, columnsOf, join } from '#storage/run/metric-columns'
import { lossIn, parseMetric, tailLines } from '#storage/run/metrics'

/** So many rows of a run are kept in memory, as many as anybody asks for at once. */
const rowLimit = 2000

/** The rows of lines of metrics.jsonl: one for each line or, of many, for each stretch of them. */
function rowsOf(lines: string[]): MetricColumns {
  if (lines.length <= 2 * rowLimit) return columnsOf(lines.flatMap(parseMetric))
  const rows = Array.from({ length: rowLimit }, (_, i) => {
    const [from, to] = [i, i + 1].map((n) => Math.floor((n * lines.length) / rowLimit))
    return stretchOf(lines.slice(from, to))
  }).flat()
  return {
    ...columnsOf(rows.map(({ metric }) => metric)),
    steps: rows.map(({ steps }) => steps),
    lossLow: rows.map(({ low }) => low),
    lossHigh: rows.map(({ high }) => high),
  }
}

/**
 * A stretch of lines in one: its last metric with its mean loss and its last validation loss; none where all are damaged.
 * Only lines that show are checked, those of the last step, the lowest and the highest loss: to check takes far longer than
 * to find a loss. So a damaged line may move the mean, but never out of the range.
 */
function stretchOf(lines: string[]) {
  const losses = lines.map(lossIn)
  for (;;) {
    const finite = [...losses.keys()].filter((i) => Number.isFinite(losses[i]))
    if (finite.length === 0) return []
    const last = finite.at(-1)!
    const low = finite.reduce((least, i) => (losses[i]! < losses[least]! ? i : least))
    const high = finite.reduce((most, i) => (losses[i]! > losses[most]! ? i : most))
    const damaged = [last, low, high].filter((i) => parseMetric(lines[i]!).length === 0)
    for (const i of damaged) losses[i] = NaN
    if (damaged.length > 0) continue
    const loss = finite.reduce((sum, i) => sum + losses[i]!, 0) / finite.length
    const validated = lines
      .filter((line) => line.includes('"validationLoss"'))
      .flatMap(parseMetric)
      .at(-1)
    const metric = { ...parseMetric(lines[last]!)[0]!, loss, validationLoss: validated?.validationLoss }
    return [{ metric, steps: finite.length, low: losses[low]!, high: losses[high]! }]
  }
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
    const { lines, nextByte, cut } = await tailLines(folder, before?.nextByte ?? 0)
    const added = rowsOf(lines)
    const joined = before && !cut ? join(unpack(before.packed), added) : added
    const all = joined.step.length > 2 * rowLimit ? bucketed(joined, rowLimit) : joined
    this.known.set(folder, { session, packed: pack(all), nextByte })
    return all
  }

  forget = (folder: string) => void this.known.delete(folder)
}
