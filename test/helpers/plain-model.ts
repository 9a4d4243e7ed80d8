import '@tensorflow/tfjs-backend-cpu'
import * as tf from '@tensorflow/tfjs-core'
import { type Hyperparameters, patchCount } from '#shared/settings/hyperparameters'
import { attentionMask, placesOf } from '#shared/masks'
import type { NamedTensorData } from '#model/tensor/step'
import { positionEmbedding } from '#model/vit/positions'

/**
 * The model as the paper writes it, with plain tfjs ops on its own CPU backend: tokens stay in their places and every
 * image has masks of its own. One image [S, S, 3]; no engine, no sorting, nothing shared with src-main/model/objectives/saim.ts.
 */
export function plainModel(h: Hyperparameters, weights: NamedTensorData, pixels: Float32Array) {
  const w = (name: string) => tf.tensor(weights[name]!.values, weights[name]!.shape)
  const count = patchCount(h)
  const [grid, p] = [Math.sqrt(count), h.patchSize]

  const linear = (name: string, x: tf.Tensor) =>
    tf.add(tf.matMul(x as tf.Tensor2D, w(`${name}.weight`) as tf.Tensor2D, false, true), w(`${name}.bias`))
  const norm = (name: string, x: tf.Tensor) => {
    const { mean, variance } = tf.moments(x, 1, true)
    const y = tf.div(tf.sub(x, mean), tf.sqrt(tf.add(variance, 1e-6)))
    return tf.add(tf.mul(y, w(`${name}.weight`)), w(`${name}.bias`))
  }
  const gelu = (x: tf.Tensor) => tf.mul(tf.mul(x, 0.5), tf.add(1, tf.erf(tf.div(x, Math.SQRT2))))

  /** A block on x [T, C] that looks at context [T, C] through a mask; also its attention, [heads][T, T]. */
  function block(name: string, x: tf.Tensor, context: tf.Tensor, mask: boolean[][] | null) {
    const size = h.width / h.heads
    const [q, k, v] = ['q', 'k', 'v'].map((part) =>
      linear(`${name}.attn.${part}`, norm(`${name}.norm1`, part === 'q' ? x : context)),
    ) as [tf.Tensor, tf.Tensor, tf.Tensor]
    const probabilities = Array.from({ length: h.heads }, (_, head) => {
      const part = (t: tf.Tensor) => tf.slice(t, [0, head * size], [-1, size]) as tf.Tensor2D
      const scores = tf.div(tf.matMul(part(q), part(k), false, true), Math.sqrt(size))
      const hidden = mask && tf.tensor(mask.map((row) => row.map((sees) => (sees ? 0 : -1e9))))
      return tf.softmax(hidden ? tf.add(scores, hidden) : scores)
    })
    const mixed = probabilities.map((a, head) =>
      tf.matMul(a as tf.Tensor2D, tf.slice(v, [0, head * size], [-1, size]) as tf.Tensor2D),
    )
    const y = tf.add(x, linear(`${name}.attn.proj`, tf.concat(mixed, 1)))
    const hidden = gelu(linear(`${name}.mlp.fc1`, norm(`${name}.norm2`, y)))
    return {
      y: tf.add(y, linear(`${name}.mlp.fc2`, hidden)),
      attention: probabilities.map((a) => a.arraySync() as number[][]),
    }
  }

  /** [class, patches] [1 + N, C], and the position embedding with zeros for the class token. */
  function tokens() {
    const kernel = tf.transpose(w('patch_embed.proj.weight'), [2, 3, 1, 0]) as tf.Tensor4D
    const image = tf.tensor4d(pixels, [1, h.imageSize, h.imageSize, 3])
    const patches = tf.add(tf.conv2d(image, kernel, p, 'valid'), w('patch_embed.proj.bias'))
    const positions = tf.tensor2d(positionEmbedding(grid, h.width), [count, h.width])
    const position = tf.concat([tf.zeros([1, h.width]), positions])
    const x = tf.concat([tf.reshape(w('cls_token'), [1, h.width]), tf.reshape(patches, [count, h.width])])
    return { x: tf.add(x, position) as tf.Tensor, position: position as tf.Tensor }
  }

  /** Attention of each block at full visibility, and the tokens of the last [1 + N, C]. */
  function encoded() {
    let { x } = tokens()
    const attention: number[][][][] = []
    for (let layer = 0; layer < h.depth; layer++) {
      const result = block(`blocks.${layer}`, x, x, null)
      x = result.y
      attention.push(result.attention)
    }
    return { attention, tokens: x.arraySync() as number[][] }
  }

  /** Both streams under the masks of an order: their attention, and the predictions of the patches [N][p·p·3]. */
  function predicted(order: ArrayLike<number>) {
    const place = placesOf(order)
    const masks = { content: attentionMask('content', place), query: attentionMask('query', place) }
    const { x: start, position } = tokens()
    let [x, g] = [start, position]
    const attention = { content: [] as number[][][][], query: [] as number[][][][] }
    for (let layer = 0; layer < h.depth; layer++) {
      const content = block(`blocks.${layer}`, x, x, masks.content)
      x = content.y
      attention.content.push(content.attention)
      const step = h.depth / h.queryDepth
      if ((layer + 1) % step !== 0) continue
      const name = `${h.shareWeights ? 'blocks' : 'query_blocks'}.${(layer + 1) / step - 1}`
      const query = block(name, g, x, masks.query)
      g = query.y
      attention.query.push(query.attention)
    }
    const head = (t: tf.Tensor) => linear('prediction_head.fc2', gelu(linear('prediction_head.fc1', t)))
    const prediction = head(norm('norm', g)).arraySync() as number[][]
    return { attention, prediction: prediction.slice(1) }
  }

  return {
    encoded: () => tf.tidy(encoded as never) as ReturnType<typeof encoded>,
    predicted: (order: ArrayLike<number>) =>
      tf.tidy((() => predicted(order)) as never) as ReturnType<typeof predicted>,
  }
}
