import * as tf from './tf'

/**
 * GELU(x) = x Φ(x) with Φ(x) = (1 + erf(x/√2)) / 2, the normal distribution. The halves are taken last, in forward
 * and first in backward, where engines can fold them into the matrix product that is next to them.
 */
export function gelu(x: tf.Tensor): tf.Tensor {
  const activate = tf.customGrad((x, save) => {
    const twicePhi = (x as tf.Tensor).mul(Math.SQRT1_2).erf().add(1)
    ;(save as tf.GradSaveFunc)([x as tf.Tensor, twicePhi])
    return {
      value: (x as tf.Tensor).mul(twicePhi).mul(0.5),
      gradFunc: (dy: tf.Tensor, [x, twicePhi]: tf.Tensor[]) =>
        dy.mul(0.5).mul(twiceDensity(x!).mul(x!).add(twicePhi!)),
    }
  })
  return activate(x.reshape([-1, x.shape[x.rank - 1]!])).reshape(x.shape)
}

/** Twice the normal density φ(x) = exp(-x²/2) / √(2π); GELU'(x) = Φ(x) + x φ(x). */
const twiceDensity = (x: tf.Tensor) =>
  x
    .square()
    .mul(-0.5)
    .add(Math.log(2 / Math.sqrt(2 * Math.PI)))
    .exp()
