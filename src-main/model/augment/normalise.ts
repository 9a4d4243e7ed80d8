import { mapValues, type StepFunction, type TensorSpec } from '#model/tensor/step'
import * as tf from '#model/tensor/tf'
import type { PixelStatistics } from './crop'

/**
 * Bytes of sRGB [B, S, S, 3] as normalised images: (byte / 255 - mean) / deviation of the channel, as a factor and a term
 * for each value of a row of pixels, since engines are slow at broadcasting along an axis of 3.
 */
export function normalise(bytes: tf.Tensor, { mean, deviation }: PixelStatistics): tf.Tensor {
  const row = bytes.shape.at(-2)!
  const ofChannels = (values: number[]) =>
    tf.tensor(Float32Array.from({ length: 3 * row }, (_, i) => values[i % 3]!))
  const factors = ofChannels(deviation.map((value) => 1 / (255 * value)))
  const terms = ofChannels(mean.map((value, channel) => -value / deviation[channel]!))
  const rows = bytes.cast('float32').reshape([-1, 3 * row])
  return rows.mul(factors).add(terms).reshape(bytes.shape)
}

/** A step of normalised images as one of bytes. */
export const ofBytes =
  (step: StepFunction, statistics: PixelStatistics): StepFunction =>
  (state, { images, ...others }) =>
    step(state, { images: normalise(images!, statistics), ...others })

/** The inputs of a step of normalised images as those of one of bytes. */
export const byteInputs = (inputs: Record<string, TensorSpec>): Record<string, TensorSpec> =>
  mapValues(inputs, (spec, name) => (name === 'images' ? { ...spec, dtype: 'uint8' as const } : spec))
