import { readFileSync } from 'node:fs'

/** What test/python/order_reference.py wrote. */
export const orderReference = JSON.parse(readFileSync('test/python/order-reference.json', 'utf8')) as {
  kMeans: {
    count: number
    width: number
    groups: number
    clusters: number
    inertia: number
    labels: number[]
  }[]
  kCentre: { count: number; width: number; groups: number; chosen: number[]; radius: number }[]
  patchCore: { images: number; grid: number; width: number; bank: number; distances: number[] }[]
}

/** The rows of that script, [count, width]: each near the corner of its group. */
export function waves(count: number, width: number, groups: number, noise = 0.6): Float32Array {
  const values = Float64Array.from({ length: count * width }, (_, i) => noise * Math.sin(i * i * 0.37))
  for (let row = 0; row < count; row++) values[row * width + (row % groups)]! += 1
  return Float32Array.from(values)
}
