/** `n` of the items from the first to the last, evenly; all of them where there are no more. */
export function evenlySpread<T>(items: ArrayLike<T>, n: number): T[] {
  const length = Math.min(n, items.length)
  const step = (items.length - 1) / Math.max(1, length - 1)
  return Array.from({ length }, (_, i) => items[Math.round(i * step)]!)
}
