import * as tf from './tf'

/** GELU(x) = x Φ(x), Φ the normal distribution by erf: Φ(x) = (1 + erf(x/√2)) / 2. */
export function gelu(x: tf.Tensor): tf.Tensor {
  const activate = tf.customGrad((x, save) => {
    const phi = (x as tf.Tensor).mul(Math.SQRT1_2).erf().add(1).mul(0.5)
    ;(save as tf.GradSaveFunc)([x as tf.Tensor, phi])
    return {
      value: (x as tf.Tensor).mul(phi),
      gradFunc: (dy: tf.Tensor, [x, phi]: tf.Tensor[]) => dy.mul(density(x!).mul(x!).add(phi!)),
    }
  })
  return activate(x)
}

/** The normal density φ(x) = exp(-x²/2) / √(2π); GELU'(x) = Φ(x) + x φ(x). */
const density = (x: tf.Tensor) =>
  x
    .square()
    .mul(-0.5)
    .sub(Math.log(2 * Math.PI) / 2)
    .exp()
