import * as tf from './tf'
import { fused } from './fused'

export const layerNormKernel = 'LayerNormalization'
export const layerNormGradientKernel = 'LayerNormalizationGradient'

/** Epsilon of every LayerNorm of the model (docs/method.md). */
const epsilon = 1e-6

/** y = (x - mean) / sqrt(var + eps) * gain + bias over the last axis. x [..., C], gain and bias [C]. */
export function layerNorm(x: tf.Tensor, gain: tf.Tensor, bias: tf.Tensor): tf.Tensor {
  const width = x.shape[x.rank - 1]!
  const rows = x.reshape([-1, width])
  const normalise = tf.customGrad((x, gain, bias, save) => {
    const [y, mean, inverseDeviation] = fused(
      layerNormKernel,
      { x: x as tf.Tensor, gain: gain as tf.Tensor, bias: bias as tf.Tensor },
      { epsilon },
      () => composed(x as tf.Tensor, gain as tf.Tensor, bias as tf.Tensor),
    ) as [tf.Tensor, tf.Tensor, tf.Tensor]
    ;(save as tf.GradSaveFunc)([x as tf.Tensor, gain as tf.Tensor, mean, inverseDeviation])
    const gradFunc = (dy: tf.Tensor, saved: tf.Tensor[]) => {
      const [x, gain, mean, inverseDeviation] = saved as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor]
      return fused(layerNormGradientKernel, { dy, x, gain, mean, inverseDeviation }, {}, () =>
        tf.tidy(() => gradients(dy, saved)),
      )
    }
    return { value: y, gradFunc }
  })
  return normalise(rows, gain, bias).reshape(x.shape)
}

/** x [R, C] -> y [R, C], mean [R, 1], 1/deviation [R, 1]. */
function composed(x: tf.Tensor, gain: tf.Tensor, bias: tf.Tensor) {
  const mean = x.mean(1, true)
  const centred = x.sub(mean)
  const inverseDeviation = centred.square().mean(1, true).add(epsilon).rsqrt()
  return [centred.mul(inverseDeviation).mul(gain).add(bias), mean, inverseDeviation]
}

/** dx = (g - mean(g) - x̂ mean(g x̂)) / deviation with g = dy gain; d gain = Σ dy x̂; d bias = Σ dy. */
function gradients(dy: tf.Tensor, saved: tf.Tensor[]) {
  const [x, gain, mean, inverseDeviation] = saved as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor]
  const normalised = x.sub(mean).mul(inverseDeviation) // x̂ [R, C]
  const g = dy.mul(gain)
  const dx = g
    .sub(g.mean(1, true))
    .sub(normalised.mul(g.mul(normalised).mean(1, true)))
    .mul(inverseDeviation)
  return [dx, dy.mul(normalised).sum(0), dy.sum(0)]
}
