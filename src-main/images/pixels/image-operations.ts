import type { Pixels } from './pixels'

/** What RandAugment does to an image, by timm's names; `argument` is that of timm's operation. */
export interface Operation {
  name: OperationName
  argument: number
}

/** What lies outside of a moved image: ImageNet's mean. */
const fill = [124, 116, 104] as const

/**
 * RandAugment's operations on bytes, as timm does them with Pillow. `argument`: degrees, factors of blending, shares of
 * the side, thresholds or bits, see `saim/rand-augment.ts`.
 */
export const operations = {
  AutoContrast: (p: Pixels) => eachChannel(p, autoContrastTable),
  Equalize: (p: Pixels) => eachChannel(p, equalizeTable),
  Invert: (p: Pixels) => mapBytes(p, (v) => 255 - v),
  Rotate: (p: Pixels, degrees: number) => {
    const angle = (-degrees * Math.PI) / 180
    const [a, b] = [Math.cos(angle), Math.sin(angle)]
    const [x, y] = [p.width / 2, p.height / 2]
    return affine(p, [a, b, x - a * x - b * y, -b, a, y + b * x - a * y])
  },
  PosterizeIncreasing: (p: Pixels, bits: number) => mapBytes(p, (v) => v & ~(2 ** (8 - bits) - 1)),
  SolarizeIncreasing: (p: Pixels, threshold: number) => mapBytes(p, (v) => (v < threshold ? v : 255 - v)),
  SolarizeAdd: (p: Pixels, add: number) => mapBytes(p, (v) => (v < 128 ? Math.min(255, v + add) : v)),
  ColorIncreasing: (p: Pixels, factor: number) => {
    const grey = greys(p)
    return blend(p, factor, (i) => grey[Math.floor(i / 3)]!)
  },
  ContrastIncreasing: (p: Pixels, factor: number) => {
    const grey = greys(p)
    const mean = Math.floor(grey.reduce((sum, v) => sum + v, 0) / grey.length + 0.5)
    return blend(p, factor, () => mean)
  },
  BrightnessIncreasing: (p: Pixels, factor: number) => blend(p, factor, () => 0),
  SharpnessIncreasing: (p: Pixels, factor: number) => {
    const smooth = smoothed(p)
    return blend(p, factor, (i) => smooth[i]!)
  },
  ShearX: (p: Pixels, factor: number) => affine(p, [1, factor, 0, 0, 1, 0]),
  ShearY: (p: Pixels, factor: number) => affine(p, [1, 0, 0, factor, 1, 0]),
  TranslateXRel: (p: Pixels, share: number) => affine(p, [1, 0, share * p.width, 0, 1, 0]),
  TranslateYRel: (p: Pixels, share: number) => affine(p, [1, 0, 0, 0, 1, share * p.height]),
} satisfies Record<string, (pixels: Pixels, argument: number) => Pixels>

export type OperationName = keyof typeof operations

const mapBytes = (p: Pixels, byte: (value: number) => number): Pixels => ({
  ...p,
  bytes: p.bytes.map(byte),
})

/** Maps each channel by a table that is made of the channel's histogram. */
function eachChannel(p: Pixels, tableOf: (histogram: Uint32Array) => ArrayLike<number>): Pixels {
  const tables = [0, 1, 2].map((channel) => {
    const histogram = new Uint32Array(256)
    for (let i = channel; i < p.bytes.length; i += 3) histogram[p.bytes[i]!]!++
    return tableOf(histogram)
  })
  return { ...p, bytes: p.bytes.map((v, i) => tables[i % 3]![v]!) }
}

const unchanged = Uint8Array.from({ length: 256 }, (_, v) => v)

/** Stretches the values that occur to 0 .. 255. */
function autoContrastTable(histogram: Uint32Array): Uint8Array {
  const low = histogram.findIndex((n) => n > 0)
  const high = 255 - [...histogram].reverse().findIndex((n) => n > 0)
  if (high <= low) return unchanged
  const scale = 255 / (high - low)
  return unchanged.map((v) => Math.min(Math.max(Math.trunc(v * scale - low * scale), 0), 255))
}

/** Makes all values about equally frequent. */
function equalizeTable(histogram: Uint32Array): ArrayLike<number> {
  const present = histogram.filter((n) => n > 0)
  const pixels = present.reduce((a, b) => a + b, 0)
  const step = Math.floor((pixels - present.at(-1)!) / 255)
  if (present.length <= 1 || step === 0) return unchanged
  let sum = Math.floor(step / 2)
  return Array.from(histogram, (n) => {
    const value = Math.floor(sum / step)
    sum += n
    return Math.min(value, 255)
  })
}

/** Luminance of each pixel (ITU-R 601-2), as Pillow rounds it. */
const greys = ({ bytes: values }: Pixels): Uint8Array =>
  Uint8Array.from(
    { length: values.length / 3 },
    (_, i) =>
      (values[3 * i]! * 19595 + values[3 * i + 1]! * 38470 + values[3 * i + 2]! * 7471 + 0x8000) >>> 16,
  )

/** other + factor (image - other), cut to a byte. */
function blend(p: Pixels, factor: number, other: (index: number) => number): Pixels {
  const f = Math.fround(factor)
  const values = p.bytes.map((v, i) => {
    const from = other(i)
    return Math.min(Math.max(Math.trunc(Math.fround(from + Math.fround(f * (v - from)))), 0), 255)
  })
  return { ...p, bytes: values }
}

/** Mean of 3 x 3 pixels of which the middle one counts five times; the border stays. */
function smoothed({ bytes: values, width, height }: Pixels): Uint8Array {
  const smooth = values.slice()
  const row = width * 3
  for (let y = 1; y < height - 1; y++)
    for (let i = y * row + 3; i < (y + 1) * row - 3; i++) {
      let sum = 4 * values[i]!
      for (const start of [i - row, i, i + row])
        sum += values[start - 3]! + values[start]! + values[start + 3]!
      smooth[i] = Math.floor(sum / 13 + 0.5)
    }
  return smooth
}

/** Where each pixel comes from: x' = a x + b y + c, y' = d x + e y + f, from the middle of pixels. */
type Affine = [a: number, b: number, c: number, d: number, e: number, f: number]

/** The image moved, by bicubic interpolation. */
function affine({ bytes: values, width, height }: Pixels, [a, b, c, d, e, f]: Affine): Pixels {
  const moved = new Uint8Array(values.length)
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const fromX = a * (x + 0.5) + b * (y + 0.5) + c
      const fromY = d * (x + 0.5) + e * (y + 0.5) + f
      const inside = fromX >= 0 && fromX < width && fromY >= 0 && fromY < height
      for (let channel = 0; channel < 3; channel++)
        moved[(y * width + x) * 3 + channel] = inside
          ? sample(values, width, height, fromX - 0.5, fromY - 0.5, channel)
          : fill[channel]!
    }
  return { bytes: moved, width, height }
}

function sample(values: Uint8Array, width: number, height: number, x: number, y: number, channel: number) {
  const [left, top] = [Math.floor(x), Math.floor(y)]
  const clamp = (v: number, size: number) => Math.min(Math.max(v, 0), size - 1)
  const rows = [-1, 0, 1, 2].map((dy) => {
    const row = clamp(top + dy, height) * width
    const at = (dx: number) => values[(row + clamp(left + dx, width)) * 3 + channel]!
    return cubic(at(-1), at(0), at(1), at(2), x - left)
  })
  const value = cubic(rows[0]!, rows[1]!, rows[2]!, rows[3]!, y - top)
  return Math.min(Math.max(Math.trunc(value), 0), 255)
}

/** The cubic (with a = -1, as Pillow's transform has it) between v2 and v3 at t in 0 .. 1. */
const cubic = (v1: number, v2: number, v3: number, v4: number, t: number) =>
  v2 + t * (v3 - v1 + t * (2 * (v1 - v2) + v3 - v4 + t * (v2 - v1 + v4 - v3)))
