import * as tf from './tf'

/**
 * GELU(x) = x Φ(x) with Φ(x) = (1 + erf(x/√2)) / 2, the normal distribution. With t = x/√2 this is √½ t 2Φ, and
 * GELU'(x) = ½ (2Φ + 2/√π t exp(-t²)): so t is all that is kept of x, and the constant factors stand where engines can
 * fold them into the matrix products before and after.
 */
export function gelu(x: tf.Tensor): tf.Tensor {
  const activate = tf.customGrad((x, save) => {
    const t = (x as tf.Tensor).mul(Math.SQRT1_2)
    const twicePhi = t.erf().add(1)
    ;(save as tf.GradSaveFunc)([t, twicePhi])
    return {
      value: t.mul(twicePhi).mul(Math.SQRT1_2),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
        const [t, twicePhi] = saved as [tf.Tensor, tf.Tensor]
        return tf.tidy(() => {
          const density = tf.sub(Math.log(2 / Math.sqrt(Math.PI)), t.square()).exp()
          return dy.mul(0.5).mul(t.mul(density).add(twicePhi))
        })
      },
    }
  })
  return activate(x.reshape([-1, x.shape[x.rank - 1]!])).reshape(x.shape)
}
