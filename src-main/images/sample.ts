import type { ImageFile, Manifest } from './manifest'

const fixedCount = 8

/** The images that a run's checkpoints are shown with, of those that it trains on: the same each time. */
export const fixedImages = (images: Manifest): ImageFile[] =>
  evenlySpread(images.indicesOf('train'), fixedCount).map((index) => images.at(index))

/** `n` of the items from the first to the last, evenly. */
export function evenlySpread<T>(items: ArrayLike<T>, n: number): T[] {
  const length = Math.min(n, items.length)
  const step = (items.length - 1) / Math.max(1, length - 1)
  return Array.from({ length }, (_, i) => items[Math.round(i * step)]!)
}
