import type { Hyperparameters } from '../../src-shared/hyperparameters'
import type { StepFunction } from '../ops/step'
import { encode } from '../saim/model'

/** The names of an encoder's outputs in every format. */
export const featureNames = ['class_token', 'pooled', 'patches'] as const

/**
 * What an exported encoder gives: the last block's tokens, every token visible, no LayerNorm after it.
 * images [B, S, S, 3] or, with `channelsFirst`, [B, 3, S, S], normalised -> class_token [B, C],
 * pooled [B, C] (mean of the patch tokens), patches [B, N, C].
 */
export const featuresStep =
  (h: Hyperparameters, { channelsFirst = false } = {}): StepFunction =>
  (w, { images }) => {
    const pixels = channelsFirst ? images!.transpose([0, 2, 3, 1]) : images!
    const tokens = encode(w, h, pixels).at(-1)! // [B, 1+N, C]
    const patches = tokens.slice([0, 1, 0], [-1, -1, -1])
    return {
      outputs: {
        class_token: tokens.slice([0, 0, 0], [-1, 1, -1]).reshape([-1, h.width]),
        pooled: patches.mean(1),
        patches,
      },
    }
  }
