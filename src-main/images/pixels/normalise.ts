import type { PixelStatistics } from '#model/augment/crop'

/** Bytes of sRGB, [., 3], as normalised pixels: (byte / 255 - mean) / deviation of the channel. */
export function normalise(
  bytes: Uint8Array,
  { mean, deviation }: PixelStatistics,
  pixels: Float32Array = new Float32Array(bytes.length),
): Float32Array {
  const [a, b, c] = deviation.map((value) => 1 / (255 * value)) as [number, number, number]
  const [d, e, f] = mean.map((value, channel) => -value / deviation[channel]!) as [number, number, number]
  for (let i = 0; i < bytes.length; i += 3) {
    pixels[i] = bytes[i]! * a + d
    pixels[i + 1] = bytes[i + 1]! * b + e
    pixels[i + 2] = bytes[i + 2]! * c + f
  }
  return pixels
}
