import sharp from 'sharp'
import type { Hyperparameters } from '#shared/settings/hyperparameters'
import type { PixelStatistics } from '#model/augment/crop'

/** Pixels as bytes of sRGB, [height, width, 3]. */
export interface Picture {
  width: number
  height: number
  bytes: Uint8Array
}

/** Normalised pixels [S, S, 3] as a square picture. */
export const pictureOf = (pixels: Float32Array, { mean, deviation }: PixelStatistics): Picture =>
  square(pixels, (value, i) => 255 * (value * deviation[i % 3]! + mean[i % 3]!))

/** Values that are 0 on average as grey and colours around it: black at -3, white at 3. */
export const patternPicture = (pixels: Float32Array) => square(pixels, (value) => 127.5 + (127.5 / 3) * value)

/** The error that is shown white, as a share of the whole range of a pixel. */
export const errorLimit = 0.5

/** Mean absolute difference of the channels of normalised pixels, 0 to `errorLimit`: black, red, yellow, white. */
export function errorPicture(
  expected: Float32Array,
  predicted: Float32Array,
  { deviation }: PixelStatistics,
): Picture {
  const level = new Float32Array(expected.length / 3)
  for (let i = 0; i < level.length; i++)
    for (let c = 0; c < 3; c++)
      level[i]! += (Math.abs(expected[3 * i + c]! - predicted[3 * i + c]!) * deviation[c]!) / 3
  return square(new Float32Array(expected.length), (_, i) =>
    heat(level[Math.floor(i / 3)]! / errorLimit, i % 3),
  )
}

/** A channel of the colour of heat 0..1: black, red, yellow, white. */
const heat = (level: number, channel: number) => 255 * (3 * level - channel)

/** Heat laid over a picture in grey: what is cold is dimmed. levels 0..1 for each patch, row-major. */
export function overlay({ width, height, bytes }: Picture, levels: ArrayLike<number>): Picture {
  const grid = Math.sqrt(levels.length)
  const mixed = Uint8ClampedArray.from(bytes, (_, i) => {
    const [row, column] = [Math.floor(i / 3 / width), Math.floor(i / 3) % width]
    const patch = Math.floor((row * grid) / height) * grid + Math.floor((column * grid) / width)
    const pixel = bytes.subarray(i - (i % 3), i - (i % 3) + 3)
    const grey = 0.3 * pixel[0]! + 0.59 * pixel[1]! + 0.11 * pixel[2]!
    return 0.4 * grey + 0.6 * Math.min(255, Math.max(0, heat(levels[patch]!, i % 3)))
  })
  return { width, height, bytes: new Uint8Array(mixed.buffer) }
}

function square(pixels: Float32Array, byte: (value: number, index: number) => number): Picture {
  const side = Math.sqrt(pixels.length / 3)
  return { width: side, height: side, bytes: new Uint8Array(Uint8ClampedArray.from(pixels, byte).buffer) }
}

/** Patches [N, p·p·3] in row-major order, put together as pixels [S, S, 3]. */
export function unpatchify(patches: ArrayLike<number>, grid: Grid): Float32Array {
  return new Float32Array(grid.imageSize ** 2 * 3).map((_, pixel) => patches[placeInPatches(pixel, grid)]!)
}

/** Pixels [S, S, 3] as patches [N, p·p·3] in row-major order. */
export function patchify(pixels: Float32Array, grid: Grid): Float32Array {
  const patches = new Float32Array(pixels.length)
  pixels.forEach((value, pixel) => (patches[placeInPatches(pixel, grid)] = value))
  return patches
}

type Grid = Pick<Hyperparameters, 'imageSize' | 'patchSize'>

/** Where a value of pixels [S, S, 3] lies in patches [N, p·p·3]. */
function placeInPatches(pixel: number, { imageSize, patchSize }: Grid): number {
  const [y, x] = [Math.floor(pixel / (imageSize * 3)), pixel % (imageSize * 3)]
  const row = patchSize * 3
  const patch = Math.floor(y / patchSize) * (imageSize / patchSize) + Math.floor(x / row)
  return patch * patchSize * row + (y % patchSize) * row + (x % row)
}

/** White between pictures, in pixels. */
export const gap = 4

/** Pictures of one size in rows of `columns`. */
export function arranged(pictures: Picture[], columns = pictures.length): Picture {
  const { width, height } = pictures[0]!
  const rows = Math.ceil(pictures.length / columns)
  const whole = { width: columns * (width + gap) - gap, height: rows * (height + gap) - gap }
  const bytes = new Uint8Array(whole.width * whole.height * 3).fill(255)
  pictures.forEach((picture, i) => {
    const [left, top] = [(i % columns) * (width + gap), Math.floor(i / columns) * (height + gap)]
    for (let y = 0; y < height; y++)
      bytes.set(
        picture.bytes.subarray(y * width * 3, (y + 1) * width * 3),
        ((top + y) * whole.width + left) * 3,
      )
  })
  return { ...whole, bytes }
}

/** Enlarged by a whole factor to at least `side`, without smoothing, so that a person sees the pixels. */
export function enlarged({ width, height, bytes }: Picture, side: number): Picture {
  const factor = Math.max(1, Math.ceil(side / width))
  const large = { width: width * factor, height: height * factor }
  const row = large.width * 3
  const result = new Uint8Array(large.height * row)
  for (let y = 0; y < height; y++) {
    const top = y * factor * row
    for (let i = 0; i < row; i++)
      result[top + i] = bytes[(y * width + Math.floor(i / 3 / factor)) * 3 + (i % 3)]!
    for (let copy = 1; copy < factor; copy++) result.copyWithin(top + copy * row, top, top + row)
  }
  return { ...large, bytes: result }
}

export const png = ({ width, height, bytes }: Picture): Promise<Buffer> =>
  sharp(bytes, { raw: { width, height, channels: 3 } })
    .png()
    .toBuffer()

/** An animation that repeats: each frame for as many milliseconds. */
export function gif(frames: Picture[], delays: number[]): Promise<Buffer> {
  const { width, height } = frames[0]!
  const bytes = new Uint8Array(Buffer.concat(frames.map((frame) => frame.bytes)))
  return sharp(bytes, { raw: { width, height: height * frames.length, channels: 3, pageHeight: height } })
    .gif({ delay: delays, loop: 0 })
    .toBuffer()
}
