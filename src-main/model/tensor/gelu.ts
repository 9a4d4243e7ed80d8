import * as tf from './tf'
import { fused } from './fused'

export const geluKernel = 'Gelu'
export const geluGradientKernel = 'GeluGradient'

/** GELU(x) = x Φ(x) with Φ(x) = (1 + erf(x/√2)) / 2, the normal distribution; GELU'(x) = Φ(x) + x φ(x). */
export function gelu(x: tf.Tensor): tf.Tensor {
  const activate = tf.customGrad((x, save) => {
    const [y, ...saved] = fused(geluKernel, { x: x as tf.Tensor }, {}, () => composed(x as tf.Tensor))
    ;(save as tf.GradSaveFunc)(saved.length ? saved : [x as tf.Tensor])
    return {
      value: y!,
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) =>
        fused(geluGradientKernel, { dy, x: saved[0]! }, {}, () => [gradient(dy, saved)])[0]!,
    }
  })
  return activate(x.reshape([-1, x.shape[x.rank - 1]!])).reshape(x.shape)
}

/**
 * With t = x/√2 GELU(x) is √½ t 2Φ, and GELU'(x) = ½ (2Φ + 2/√π t exp(-t²)): so t is all that is kept of x, and the constant
 * factors stand where engines can fold them into the matrix products before and after.
 */
function composed(x: tf.Tensor) {
  const t = x.mul(Math.SQRT1_2)
  const twicePhi = t.erf().add(1)
  return [t.mul(twicePhi).mul(Math.SQRT1_2), t, twicePhi]
}

function gradient(dy: tf.Tensor, saved: tf.Tensor[]) {
  const [t, twicePhi] = saved as [tf.Tensor, tf.Tensor]
  return tf.tidy(() => {
    const density = tf.sub(Math.log(2 / Math.sqrt(Math.PI)), t.square()).exp()
    return dy.mul(0.5).mul(t.mul(density).add(twicePhi))
  })
}
