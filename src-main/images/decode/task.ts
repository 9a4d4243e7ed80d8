import type { Crop, Scaled } from '#model/augment/crop'
import type { Operation } from '#images/pixels/image-operations'
import type { Slot } from '#images/pixel-cache'

/** One image to be written into its place in a batch. */
export interface DecodeTask {
  id: number
  file: string
  /** Size of the image as the scan found it, and the factor to decode it smaller by. */
  width: number
  height: number
  reduction: number
  /** In the reduced image. */
  crop: Crop
  flip: boolean
  /** What the square of side `size` is cut out of; the scaled crop as a whole where absent. */
  scaled?: Scaled | undefined
  size: number
  /** Done one after the other on the cropped image. */
  operations?: Operation[]
  /** The batch [B, size, size, 3] in bytes, shared by all threads, and where the image starts in it. */
  batch: SharedArrayBuffer
  offset: number
  /** Where the reduced image's pixels are kept; absent where there is no room. */
  slot?: Slot
}

export interface DecodeResult {
  id: number
  /** Why the image could not be decoded; null where it was. */
  reason: string | null
}

/** Images that a thread works on by turns, while native code decodes. */
export const lanes = 2

/**
 * What a pool and a thread know of each other: the state, then for each lane the number after the id of the image that is
 * decoded, 0 for none. The pool gives a thread up that does not get on, and must be sure then that it writes nothing more.
 */
export const newProgress = () => new Int32Array(new SharedArrayBuffer(4 * (1 + lanes)))
export const states = { open: 0, writing: 1, givenUp: 2 } as const
