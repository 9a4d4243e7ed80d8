import kernel from './wasm/resample.ts?wasm'
import type { Crop, Scaled } from '#model/augment/crop'
import type { Pixels } from './pixels'

interface Passes {
  horizontal(...addressesAndCounts: number[]): void
  vertical(...addressesAndCounts: number[]): void
}

const memory = new WebAssembly.Memory({ initial: 64 })
const module = new WebAssembly.Module(Buffer.from(kernel, 'base64'))
const passes = new WebAssembly.Instance(module, { env: { memory } }).exports as unknown as Passes

/** How a crop becomes a square: of which side, mirrored or not, and cut out of which scaled crop; the whole where absent. */
interface Square {
  size: number
  flip?: boolean
  scaled?: Scaled | undefined
}

/**
 * A crop of an image, scaled to [size, size, 3] bytes: the bytes that Pillow's `image.crop(...).resize(..., BICUBIC)` gives,
 * antialiased where it shrinks, or a square out of them. A crop may begin and end within a pixel, as Pillow's `box` may.
 */
export function cropPixels(
  { bytes, width, height }: Pixels,
  crop: Crop,
  { size, flip = false, scaled = { width: size, height: size, left: 0, top: 0 } }: Square,
): Uint8Array {
  const [left, top] = [Math.floor(crop.left), Math.floor(crop.top)]
  const right = Math.min(Math.ceil(crop.left + crop.width), width)
  const bottom = Math.min(Math.ceil(crop.top + crop.height), height)
  const columns = bicubicTaps(right - left, crop.left - left, crop.width / scaled.width, {
    skipped: scaled.left,
    count: size,
    mirrored: flip,
  })
  const rows = bicubicTaps(bottom - top, crop.top - top, crop.height / scaled.height, {
    skipped: scaled.top,
    count: size,
    mirrored: false,
  })

  const { place, reserve } = arena()
  const input = place(bytes.subarray((top * width + left) * 3, ((bottom - 1) * width + right) * 3))
  const columnTaps = [columns.first, columns.pairs, columns.weights].map(place)
  const rowTaps = [rows.first, rows.pairs, rows.weights].map(place)
  const between = reserve((bottom - top) * size * 3)
  const output = reserve(size * size * 3)
  passes.horizontal(input, width * 3, bottom - top, between, size, ...columnTaps, columns.room)
  passes.vertical(between, size * 3, output, size, ...rowTaps, rows.room)
  return new Uint8Array(memory.buffer, output, size * size * 3).slice()
}

/** Of which inputs each output is the weighted sum, see wasm/resample.ts. */
interface Taps {
  first: Int32Array
  pairs: Int32Array
  weights: Int16Array
  room: number
}

/**
 * Of `length` inputs, of which `scale` become an output each from `start` on, the `count` outputs after the first `skipped`,
 * in reverse where `mirrored` (Pillow, Resample.c).
 */
function bicubicTaps(
  length: number,
  start: number,
  scale: number,
  { skipped, count: size, mirrored }: { skipped: number; count: number; mirrored: boolean },
): Taps {
  const stretch = Math.max(scale, 1)
  const support = 2 * stretch
  const room = Math.ceil(support) * 2 + 2
  const [first, pairs, weights] = [
    new Int32Array(size),
    new Int32Array(size),
    new Int16Array(size * room * 2),
  ]
  const values = new Float64Array(room)
  for (let i = 0; i < size; i++) {
    const centre = start + (skipped + (mirrored ? size - 1 - i : i) + 0.5) * scale
    const from = Math.max(Math.trunc(centre - support + 0.5), 0)
    const inputs = Math.min(Math.trunc(centre + support + 0.5), length) - from
    let sum = 0
    for (let k = 0; k < inputs; k++) sum += values[k] = bicubic((from + k - centre + 0.5) / stretch)
    for (let k = 0; k < inputs; k++) {
      const weight = roundAway((values[k]! / sum) * 2 ** 22)
      const at = 2 * (i * room + k - (k % 2)) + (k % 2)
      weights[at] = weight >> 11
      weights[at + 2] = weight & (2 ** 11 - 1)
    }
    first[i] = from
    pairs[i] = Math.ceil(inputs / 2)
  }
  return { first, pairs, weights, room }
}

/** Keys' kernel with a = -1/2. */
function bicubic(x: number): number {
  const d = Math.abs(x)
  if (d < 1) return (1.5 * d - 2.5) * d * d + 1
  return d < 2 ? -0.5 * (((d - 5) * d + 8) * d - 4) : 0
}

const roundAway = (value: number) => Math.trunc(value < 0 ? value - 0.5 : value + 0.5)

/** Places arrays one after the other in the memory of the passes, which may go 16 bytes beyond each. */
function arena() {
  let end = 0
  const reserve = (bytes: number): number => {
    const at = end
    end = (at + bytes + 31) & ~15
    const missing = end - memory.buffer.byteLength
    if (missing > 0) memory.grow(Math.ceil(missing / 65536))
    return at
  }
  const place = (array: Uint8Array | Int16Array | Int32Array): number => {
    const at = reserve(array.byteLength)
    new Uint8Array(memory.buffer, at).set(new Uint8Array(array.buffer, array.byteOffset, array.byteLength))
    return at
  }
  return { reserve, place }
}
