/** Numbers of 16 bits, little-endian, as float32. */

/** IEEE 754 half precision: 1 bit sign, 5 exponent, 10 fraction. */
export const fromFloat16 = (bytes: Uint8Array): Float32Array =>
  Float32Array.from(words(bytes), (bits) => {
    const sign = bits & 0x8000 ? -1 : 1
    const exponent = (bits >> 10) & 0x1f
    const fraction = bits & 0x3ff
    if (exponent === 0) return sign * fraction * 2 ** -24
    if (exponent === 31) return fraction ? NaN : sign * Infinity
    return sign * (1 + fraction / 1024) * 2 ** (exponent - 15)
  })

/** bfloat16: the upper half of a float32. */
export const fromBfloat16 = (bytes: Uint8Array): Float32Array =>
  new Float32Array(Uint32Array.from(words(bytes), (bits) => bits << 16).buffer)

const words = (bytes: Uint8Array) => new Uint16Array(new Uint8Array(bytes).buffer)
