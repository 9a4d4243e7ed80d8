import * as tf from './tf'

/** An engine offers a faster form of an operation by registering a kernel under its name. */
export const hasKernel = (name: string): boolean => tf.getKernel(name, tf.getBackend()) !== undefined

/** Runs the kernel `name` where the current backend has one, else the same mathematics composed of tfjs-core ops. */
export function fused(
  name: string,
  inputs: Record<string, tf.Tensor>,
  attributes: Record<string, number>,
  composed?: () => tf.Tensor[],
): tf.Tensor[] {
  if (composed && !hasKernel(name)) return composed()
  return tf.engine().runKernel(name, inputs, attributes) as unknown as tf.Tensor[]
}
