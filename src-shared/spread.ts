/** `n` of the items from the first to the last, evenly; all of them where there are no more. */
export const evenlySpread = <T>(items: ArrayLike<T>, n: number): T[] =>
  evenIndices(items.length, n).map((index) => items[index]!)

/** The same of 0 to `total` - 1. */
export function evenIndices(total: number, n: number): number[] {
  const length = Math.min(n, total)
  const step = (total - 1) / Math.max(1, length - 1)
  return Array.from({ length }, (_, i) => Math.round(i * step))
}
