import { cpus } from 'node:os'
import path from 'node:path'
import type { PixelStatistics } from '#model/augment/crop'
import { decodeCentred } from '#images/decode/centred'

/** Side of the crops that are measured. */
const side = 128

/** Mean and deviation of the channels over the middle of images; unreadable ones are skipped. */
export async function pixelStatistics(
  folder: string,
  images: { path: string; width: number; height: number }[],
): Promise<PixelStatistics> {
  const sums = [0, 0, 0]
  const squares = [0, 0, 0]
  let pixels = 0
  const add = async ({ path: relative, width, height }: (typeof images)[number]) => {
    const bytes = await decodeCentred(path.join(folder, relative), { width, height }, side)
    for (let i = 0; i < bytes.length; i++) {
      const value = bytes[i]! / 255
      sums[i % 3]! += value
      squares[i % 3]! += value * value
    }
    pixels += side * side
  }
  let next = 0
  const take = async () => {
    for (let i = next++; i < images.length; i = next++) await add(images[i]!).catch(() => undefined)
  }
  await Promise.all(Array.from({ length: cpus().length }, take))
  const mean = sums.map((sum) => sum / pixels)
  // Images of a single colour would give 0, by which nothing can be divided.
  const deviation = squares.map((sum, i) => Math.max(Math.sqrt(sum / pixels - mean[i]! ** 2), 1e-3))
  return { mean, deviation }
}
