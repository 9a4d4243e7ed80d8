/** Numbers of 16 and 8 bits, little-endian, as float32. */

/** IEEE 754 half precision: 1 bit sign, 5 exponent, 10 fraction. */
function half(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1
  const exponent = (bits >> 10) & 0x1f
  const fraction = bits & 0x3ff
  if (exponent === 0) return sign * fraction * 2 ** -24
  if (exponent === 31) return fraction ? NaN : sign * Infinity
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15)
}

/** 1 bit sign, 4 exponent, 3 fraction; no infinity (Micikevicius et al., FP8 Formats for Deep Learning, 2022). */
function e4m3(bits: number): number {
  const sign = bits & 0x80 ? -1 : 1
  const exponent = (bits >> 3) & 0xf
  const fraction = bits & 7
  if (exponent === 0) return sign * fraction * 2 ** -9
  if (exponent === 15 && fraction === 7) return NaN
  return sign * (1 + fraction / 8) * 2 ** (exponent - 7)
}

/** The halves nearest to some numbers, the even one of two that are as near; what is too large becomes infinite. */
export function toFloat16(values: Float32Array): Uint16Array {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length)
  return Uint16Array.from(bits, (single, i) => {
    const sign = (single >>> 16) & 0x8000
    const size = Math.abs(values[i]!)
    if (Number.isNaN(size)) return sign | 0x7e00
    if (size >= 65520) return sign | 0x7c00
    if (size < 2 ** -14) return sign | even(size * 2 ** 24) // subnormal, or just not
    return sign | (((single & 0x7fffffff) - 0x38000000 + 0xfff + ((single >>> 13) & 1)) >>> 13)
  })
}

/** The nearest whole number, the even one of two. */
function even(value: number): number {
  const below = Math.floor(value)
  const rest = value - below
  return rest > 0.5 || (rest === 0.5 && below % 2 === 1) ? below + 1 : below
}

export const fromFloat16 = (bytes: Uint8Array): Float32Array => Float32Array.from(words(bytes), half)

/** bfloat16: the upper half of a float32. */
export const fromBfloat16 = (bytes: Uint8Array): Float32Array =>
  new Float32Array(Uint32Array.from(words(bytes), (bits) => bits << 16).buffer)

export const fromFloat8E4m3 = (bytes: Uint8Array): Float32Array => Float32Array.from(bytes, e4m3)

/** The upper half of a float16. */
export const fromFloat8E5m2 = (bytes: Uint8Array): Float32Array =>
  Float32Array.from(bytes, (bits) => half(bits << 8))

const words = (bytes: Uint8Array) => new Uint16Array(new Uint8Array(bytes).buffer)
