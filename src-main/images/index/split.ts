import { createHash } from 'node:crypto'
import { purposes, uniforms } from '#shared/random'
import type { Split } from '#shared/contract'

export interface SplitRule {
  /** Share of the images to hold out for validation, 0 to 1; without effect where a folder holds them already. */
  fraction: number
  seed: number
}

/**
 * The split of an image in a run. It depends on the image's own path and the seed alone, so that files that come or
 * go move no other image.
 */
export function splitOf(
  image: { path: string; split: Split | null },
  { fraction, seed }: SplitRule,
  hasValidationFolder: boolean,
): Split {
  if (image.split && image.split !== 'train') return image.split
  if (hasValidationFolder || fraction === 0) return 'train'
  const digest = createHash('sha1').update(image.path).digest()
  const [u] = uniforms(seed, purposes.split, digest.readUInt32LE(0), digest.readUInt32LE(4), 1)
  return u! < fraction ? 'validation' : 'train'
}
