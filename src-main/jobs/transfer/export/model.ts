import type { FineTuneSettings } from '#shared/settings/evaluation'
import { type Hyperparameters, patchCount } from '#shared/settings/hyperparameters'
import type { StepFunction } from '#model/tensor/step'
import * as tf from '#model/tensor/tf'
import { classify } from '#model/heads/classifier'
import { featuresStep } from '#inference/features/features-step'

/** What is exported: how it computes its outputs, in every format the same. */
export interface ExportModel {
  /** Side of its images in pixels. */
  imageSize: number
  /** images [B, S, S, 3], normalised -> the outputs. */
  step: StepFunction
  /** The outputs' names, and the shape of each for one image. */
  outputs: Record<string, number[]>
}

/**
 * An encoder: the last block's tokens, every token visible, no LayerNorm after it.
 * images -> class_token [B, C], pooled [B, C] (mean of the patch tokens), patches [B, N, C].
 */
export const encoderModel = (h: Hyperparameters): ExportModel => ({
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

/** A fine-tuned classifier: images -> logits and their softmax, probabilities, [B, classes] each. */
export const classifierModel = (
  h: Hyperparameters,
  settings: Pick<FineTuneSettings, 'pooling'>,
  { imageSize, classes }: { imageSize: number; classes: number },
): ExportModel => ({
  imageSize,
  step(w, { images }) {
    const logits = classify(w, h, settings, images!)
    return { outputs: { logits, probabilities: tf.softmax(logits) } }
  },
  outputs: { logits: [classes], probabilities: [classes] },
})
