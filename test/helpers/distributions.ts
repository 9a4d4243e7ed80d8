/** How often each whole number occurs. */
export type Histogram = [value: number, times: number][]

/** The largest difference between two distributions (Kolmogorov and Smirnov). */
export function distance(found: number[], wanted: Histogram): number {
  const counts = new Map<number, number>()
  for (const value of found) counts.set(value, (counts.get(value) ?? 0) + 1)
  const theirs = new Map(wanted)
  const total = wanted.reduce((sum, [, times]) => sum + times, 0)
  let [ours, other, most] = [0, 0, 0]
  for (const value of [...new Set([...counts.keys(), ...theirs.keys()])].sort((a, b) => a - b)) {
    ours += (counts.get(value) ?? 0) / found.length
    other += (theirs.get(value) ?? 0) / total
    most = Math.max(most, Math.abs(ours - other))
  }
  return most
}
