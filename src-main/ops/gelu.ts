import * as tf from './tf'
import { fused } from './fused'

export const geluKernel = 'Gelu'

/** GELU(x) = x Φ(x), Φ the normal distribution by erf; Φ(x) = (1 + erf(x/√2)) / 2. */
export function gelu(x: tf.Tensor): tf.Tensor {
  const activate = tf.customGrad((x, save) => {
    const [y] = fused(geluKernel, { x: x as tf.Tensor }, {}, () => [
      (x as tf.Tensor).mul(phi(x as tf.Tensor)),
    ])
    ;(save as tf.GradSaveFunc)([x as tf.Tensor])
    return { value: y!, gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => dy.mul(derivative(saved[0]!)) }
  })
  return activate(x)
}

const phi = (x: tf.Tensor) => x.mul(Math.SQRT1_2).erf().mul(0.5).add(0.5)

/** GELU'(x) = Φ(x) + x φ(x), φ the normal density. */
const derivative = (x: tf.Tensor) =>
  x
    .square()
    .mul(-0.5)
    .exp()
    .mul(x)
    .mul(1 / Math.sqrt(2 * Math.PI))
    .add(phi(x))
