import * as tf from './tf'

type TapeNode = (typeof tf.engine extends () => infer E ? E : never)['state']['activeTape'][number]

/**
 * The value of `f` and its gradients with respect to `xs`, as tfjs's tf.grads has them, times `dy` of the value's shape. An
 * engine that runs op by op frees what the forward pass saved, and each gradient on the way, as soon as the backward pass
 * is past it; tfjs alone keeps all of them to its end. Can be called within a gradient, too.
 */
export function valueAndGradients<T extends tf.Tensor>(
  f: () => T,
  xs: tf.Tensor[],
  dy?: T,
): { value: T; gradients: tf.Tensor[] } {
  const { state } = tf.engine()
  const tape = state.activeTape // tfjs forgets it
  const { value, grads } = tf.engine().gradients(
    () => {
      const y = f()
      freeOnTheWay(state.activeTape)
      return y
    },
    xs,
    dy,
  )
  state.activeTape = tape
  return { value, gradients: grads }
}

/** Backward, a node is asked for its gradients only after the node before it has passed on its own. */
function freeOnTheWay(tape: TapeNode[]): void {
  let done: tf.Tensor[] = []
  for (const node of tape) {
    const { gradient, saved = [] } = node
    if (!gradient) continue
    node.gradient = (dys) => {
      tf.dispose(done)
      done = [...dys.filter((dy) => dy !== null), ...saved]
      const ownTensor = (compute: () => tf.Tensor) => () => {
        const dx = compute()
        return dys.includes(dx) ? dx.clone() : dx
      }
      return Object.fromEntries(
        Object.entries(gradient(dys)).map(([name, compute]) => [name, ownTensor(compute)]),
      )
    }
  }
}
