/** Points of a line, by column; `x` rises. */
export interface Points {
  x: number[]
  y: number[]
}

/** The points from one x to another, and one beyond at either side, so that the line goes to the edge. */
export function within({ x, y }: Points, from: number, to: number): Points {
  const first = Math.max(0, x.findIndex((value) => value >= from) - 1)
  const beyond = x.findIndex((value) => value > to)
  const end = beyond < 0 ? x.length : beyond + 1
  return { x: x.slice(first, end), y: y.slice(first, end) }
}

/**
 * The lowest and the highest of each of `columns` stretches, with the first and the last point: drawn in as many columns of
 * pixels, the line looks the same.
 */
export function reduced({ x, y }: Points, columns: number): Points {
  if (x.length <= 2 * columns) return { x, y }
  const kept = new Set([0, x.length - 1])
  for (let column = 0; column < columns; column++) {
    const [from, to] = [column, column + 1].map((n) => Math.floor((n * x.length) / columns)) as [
      number,
      number,
    ]
    let [low, high] = [from, from]
    for (let i = from; i < to; i++) {
      if (y[i]! < y[low]!) low = i
      if (y[i]! > y[high]!) high = i
    }
    kept.add(low).add(high)
  }
  const places = [...kept].sort((a, b) => a - b)
  return { x: places.map((i) => x[i]!), y: places.map((i) => y[i]!) }
}

/** The place of the x that is nearest to one; -1 without any. */
export function nearest(x: number[], to: number): number {
  let [low, high] = [0, x.length - 1]
  while (low < high) {
    const middle = (low + high) >> 1
    if (x[middle]! < to) low = middle + 1
    else high = middle
  }
  return low > 0 && to - x[low - 1]! <= x[low]! - to ? low - 1 : Math.min(low, x.length - 1)
}

/** Lines as a table of at most `most` rows; each holds the last value of each line since the row before, or null. */
export function rowsOf(lines: Points[], most: number): { x: number; values: (number | null)[] }[] {
  const all = [...new Set(lines.flatMap(({ x }) => x))].sort((a, b) => a - b)
  const rows = Math.min(most, all.length)
  const places = Array.from({ length: rows }, (_, i) => all[Math.ceil(((i + 1) * all.length) / rows) - 1]!)
  return places.map((x, row) => ({
    x,
    values: lines.map((line) => {
      const last = line.x.filter((value) => value <= x).length - 1
      return last >= 0 && (row === 0 || line.x[last]! > places[row - 1]!) ? line.y[last]! : null
    }),
  }))
}

/** Where a line of fewer than three points will have three, if they go on coming as they did; null for one that has them. */
export function lineBegins(x: number[]): number | null {
  if (x.length === 0 || x.length > 2) return null
  return x.length === 1 ? 3 * x[0]! : 2 * x[1]! - x[0]!
}

/** All but the lowest and the highest fiftieth of many values, which may be outliers. */
export function typical(values: number[]): number[] {
  const sorted = values.filter(Number.isFinite).sort((a, b) => a - b)
  const outside = Math.floor(sorted.length / 50)
  return sorted.slice(outside, sorted.length - outside)
}

/** Places of labels along a line, moved apart so that each has `room`, in their order. */
export function spread(places: number[], room: number): number[] {
  const order = [...places.keys()].sort((a, b) => places[a]! - places[b]!)
  const moved = [...places]
  order.forEach((i, rank) => {
    const before = rank > 0 ? moved[order[rank - 1]!]! : -Infinity
    moved[i] = Math.max(places[i]!, before + room)
  })
  return moved
}
