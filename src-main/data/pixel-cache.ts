import { freemem } from 'node:os'

/**
 * Decoded images in memory, reduced as the loader reduces them, so that a batch is the same with and without. Nothing
 * is thrown out: images come once an epoch, so that any that fits serves as well as another.
 */
export class PixelCache {
  private readonly slots = new Map<number, { pixels: SharedArrayBuffer; filled: boolean }>()
  private used = 0

  /** `limit` in bytes. */
  constructor(private readonly limit: number) {}

  /** The place of an image of so many bytes; undefined where there is no room. */
  slot(image: number, bytes: number) {
    const known = this.slots.get(image)
    if (known || this.used + bytes > this.limit) return known
    this.used += bytes
    const slot = { pixels: new SharedArrayBuffer(bytes), filled: false }
    this.slots.set(image, slot)
    return slot
  }
}

/**
 * Bytes to keep images in. `megabytes` null chooses: a quarter of the free memory, at most 4 GB, where images come more
 * than once.
 */
export function cacheLimit(megabytes: number | null, epochs: number): number {
  if (megabytes !== null) return megabytes * 1e6
  return epochs > 1 ? Math.min(freemem() / 4, 4e9) : 0
}
