/** A place on a plane. */
export type Point = readonly [x: number, y: number]

/** Whether a place lies inside a closed line, by how often a ray from it crosses the line. */
export function isInside([x, y]: Point, line: readonly Point[]): boolean {
  let inside = false
  line.forEach(([x1, y1], i) => {
    const [x2, y2] = line[(i + 1) % line.length]!
    if (y1 > y !== y2 > y && x < ((x2 - x1) * (y - y1)) / (y2 - y1) + x1) inside = !inside
  })
  return inside
}

/** The nearest place in a direction, within 45 degrees of it; -1 where there is none. */
export function towards(points: readonly Point[], from: number, [dx, dy]: Point): number {
  const [x, y] = points[from] ?? [0.5, 0.5]
  let [best, least] = [-1, Infinity]
  points.forEach(([px, py], i) => {
    const [along, across] = [(px - x) * dx + (py - y) * dy, (px - x) * dy - (py - y) * dx]
    const distance = along ** 2 + across ** 2
    if (i !== from && along > 0 && Math.abs(across) <= along && distance < least)
      [best, least] = [i, distance]
  })
  return best
}
