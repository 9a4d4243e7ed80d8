import type { Metric, MetricColumns } from '#shared/contract'

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

export const join = (a: MetricColumns, b: MetricColumns) =>
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
export function placesOf(
  { loss, validationLoss }: Pick<MetricColumns, 'loss' | 'validationLoss'>,
  points: number,
) {
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
