import type { Metric, MetricColumns } from '#shared/contract'

const names = [
  'step', 'epoch', 'loss', 'learningRate', 'gradientNorm', 'imagesPerSecond', 'memory', 'dataWait', 'seconds',
] as const // prettier-ignore

/** Metrics by column, a row for each: a sixth of the memory that objects take. */
export function columnsOf(metrics: Metric[]): MetricColumns {
  const column = (name: (typeof names)[number]) => metrics.map((metric) => metric[name])
  return {
    ...(Object.fromEntries(names.map((name) => [name, column(name)])) as Pick<
      MetricColumns,
      (typeof names)[number]
    >),
    steps: metrics.map(() => 1),
    lossLow: column('loss'),
    lossHigh: column('loss'),
    validationLoss: metrics.map(({ validationLoss = null }) => validationLoss),
  }
}

/** The columns, each changed in the same way. */
const mapColumns = (columns: MetricColumns, change: <T>(values: T[], name: keyof MetricColumns) => T[]) =>
  Object.fromEntries(
    Object.entries(columns).map(([name, values]) => [
      name,
      change<unknown>(values, name as keyof MetricColumns),
    ]),
  ) as MetricColumns

export const join = (a: MetricColumns, b: MetricColumns) =>
  mapColumns(a, <T>(values: T[], name: keyof MetricColumns) => values.concat(b[name] as T[]))

/** The rows after a step. */
export function after(columns: MetricColumns, step: number): MetricColumns {
  const first = columns.step.findIndex((s) => s > step)
  return mapColumns(columns, (values) => (first < 0 ? [] : values.slice(first)))
}

/**
 * At most `points` rows, each of about as many steps; the same columns where there are no more. Rows without a finite loss
 * are left out. Means are exact: each row counts as often as it has steps.
 */
export function bucketed(columns: MetricColumns, points: number): MetricColumns {
  if (columns.step.length <= points) return columns
  const buckets = bucketsOf(columns, points)
  const { steps, loss, lossLow, lossHigh, validationLoss } = columns
  const of = <T>(reduce: (rows: number[]) => T) => buckets.map(reduce)
  const sum = (rows: number[], value: (row: number) => number) =>
    rows.reduce((total, row) => total + value(row), 0)
  return {
    ...mapColumns(columns, (values) => of((rows) => values[rows.at(-1)!]!)),
    steps: of((rows) => sum(rows, (row) => steps[row]!)),
    loss: of((rows) => sum(rows, (row) => loss[row]! * steps[row]!) / sum(rows, (row) => steps[row]!)),
    lossLow: of((rows) => Math.min(...rows.map((row) => lossLow[row]!))),
    lossHigh: of((rows) => Math.max(...rows.map((row) => lossHigh[row]!))),
    validationLoss: of((rows) => rows.flatMap((row) => validationLoss[row] ?? []).at(-1) ?? null),
  }
}

/** The rows of each bucket, in order. */
function bucketsOf({ steps, loss }: Pick<MetricColumns, 'steps' | 'loss'>, points: number): number[][] {
  const rows = [...steps.keys()].filter((row) => Number.isFinite(loss[row]))
  const total = rows.reduce((sum, row) => sum + steps[row]!, 0)
  const buckets: number[][] = Array.from({ length: points }, () => [])
  let before = 0
  for (const row of rows) {
    buckets[Math.floor((before * points) / total)]!.push(row)
    before += steps[row]!
  }
  return buckets.filter((bucket) => bucket.length > 0)
}
