/** Which numbers stand at an axis, and how they are written. */
export interface Axis {
  ticks: number[]
  label(value: number): string
  /** Stands once, behind the last number. */
  unit: string
}

/** An axis has at least this many numbers where it is long enough. */
const fewest = 4

const minus = (text: string) => text.replace(/^-/, '−')

/** Multiples of a step from one value to another; floating-point dust is wiped off. */
function multiples(step: number, from: number, to: number): number[] {
  const [first, last] = [Math.ceil(from / step - 1e-9), Math.floor(to / step + 1e-9)]
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, i) =>
    Number(((first + i) * step).toPrecision(12)),
  )
}

/** The multiples of the step that gives the most numbers, but not more than `most`. */
const best = (steps: number[], from: number, to: number, most: number) =>
  steps
    .map((step) => multiples(step, from, to))
    .filter(({ length }) => length <= most)
    .reduce<number[]>((most, each) => (each.length > most.length ? each : most), [])

/** Round numbers: multiples of 1, 2 or 5 of a power of ten, or of 4 where those would be fewer than four. */
export function roundTicks(from: number, to: number, { most = 7, whole = false } = {}): number[] {
  if (!(to > from)) return [from]
  const power = Math.floor(Math.log10((to - from) / most))
  const steps = (...of: number[]) =>
    [power - 1, power, power + 1, power + 2]
      .flatMap((each) => of.map((factor) => factor * 10 ** each))
      .filter((step) => !whole || step >= 1)
  const ticks = best(steps(1, 2, 5), from, to, most)
  const others = ticks.length < Math.min(fewest, most) ? best(steps(4), from, to, most) : []
  return others.length > ticks.length ? others : ticks
}

/** Numbers that share their decimals: `0.4`, `0.6`; below 0.001 as `5e-4`. */
function sharing(ticks: number[]): (value: number) => string {
  const step = ticks.length > 1 ? ticks[1]! - ticks[0]! : Math.abs(ticks[0] ?? 1) || 1
  if (step < 1e-3) return (value) => (value === 0 ? '0' : minus(Number(value.toPrecision(3)).toExponential()))
  const decimals = Math.max(0, -Math.floor(Math.log10(step) + 1e-9))
  const digits = { minimumFractionDigits: decimals, maximumFractionDigits: decimals }
  return (value) => minus(value.toLocaleString('en', digits))
}

const units = [
  { unit: 's', seconds: 1, steps: [1, 2, 5, 10, 15, 30] },
  { unit: 'min', seconds: 60, steps: [1, 2, 5, 10, 15, 30] },
  { unit: 'h', seconds: 3600, steps: [1, 2, 4, 6, 12] },
  { unit: 'days', seconds: 86_400, steps: [1, 2, 5, 10, 20, 50, 100, 200, 500] },
]

/** Seconds, written in the unit in which the numbers are whole. */
function timeAxis(from: number, to: number, most: number): Axis {
  const choices = units.flatMap(({ unit, seconds, steps }) =>
    steps.map((step) => ({ unit, seconds, ticks: multiples(step * seconds, from, to) })),
  )
  const { unit, seconds, ticks } = choices.find(({ ticks }) => ticks.length <= most) ?? choices.at(-1)!
  return {
    ticks,
    unit,
    label: (value) => (value / seconds).toLocaleString('en', { maximumFractionDigits: 1 }),
  }
}

/** The horizontal axis of a chart: whole numbers of what `title` names, such as steps, or seconds where it is `time`. */
export function xAxis(title: string, from: number, to: number, most = 7): Axis {
  if (title === 'time') return timeAxis(from, to, most)
  const ticks = roundTicks(from, to, { most, whole: true })
  return { ticks, label: sharing(ticks), unit: title }
}

/** The vertical axis from one value to another; logarithmic with 1, 2 and 5 of each power of ten. */
export function yAxis(from: number, to: number, { log = false, most = 7 } = {}): Axis {
  if (log && from > 0) {
    const powers = Array.from(
      { length: Math.ceil(Math.log10(to)) - Math.floor(Math.log10(from)) + 1 },
      (_, i) => 10 ** (Math.floor(Math.log10(from)) + i),
    )
    const within = (factors: number[]) =>
      powers
        .flatMap((power) => factors.map((factor) => Number((factor * power).toPrecision(12))))
        .filter((value) => value >= from && value <= to)
    const ticks = [[1, 2, 5], [1]].map(within).find(({ length }) => length >= 3 && length <= most)
    if (ticks)
      return { ticks, label: (value) => (value < 1e-3 ? value.toExponential() : String(value)), unit: '' }
  }
  const ticks = roundTicks(from, to, { most })
  return { ticks, label: sharing(ticks), unit: '' }
}

/** A range that holds all values with a little air; one around a single value. */
export function rangeOf(values: number[], log = false): [number, number] {
  const finite = values.filter((value) => Number.isFinite(value) && (!log || value > 0))
  if (finite.length === 0) return [0, 1]
  const low = finite.reduce((least, value) => Math.min(least, value))
  const high = finite.reduce((most, value) => Math.max(most, value))
  if (log) return [low / 1.1, high * 1.1]
  const air = (high - low) * 0.06 || Math.abs(high) * 0.2 || 1
  return [low >= 0 ? Math.max(0, low - air) : low - air, high + air]
}
