import { type Hyperparameters, patchCount } from '#shared/settings/hyperparameters'
import { featuresStep } from '#inference/features/features-step'
import type { ImageModel } from '#inference/image-model'

/**
 * An encoder: the last block's tokens, every token visible, no LayerNorm after it.
 * images -> class_token [B, C], pooled [B, C] (mean of the patch tokens), patches [B, N, C].
 */
export const encoderModel = (h: Hyperparameters): ImageModel => ({
  imageSize: h.imageSize,
  step(w, inputs) {
    const { patchTokens, classToken, pooled } = featuresStep(h, ['patchTokens', 'classToken', 'pooled'])(
      w,
      inputs,
    ).outputs
    return { outputs: { class_token: classToken!, pooled: pooled!, patches: patchTokens! } }
  },
  outputs: { class_token: [h.width], pooled: [h.width], patches: [patchCount(h), h.width] },
})
