import type { Hyperparameters } from '#shared/settings/hyperparameters'
import { AppError } from '#shared/errors'
import { hasView, objectives } from '#shared/settings/objectives'
import { placesOf } from '#shared/masks'
import type { NamedTensors, StepFunction } from '#model/tensor/step'
import type * as tf from '#model/tensor/tf'
import { forward, type StreamListener } from '#model/objectives/saim'
import { withPlaces } from '#model/objectives/order'
import { imageInputs } from '#model/objectives/pretrain'
import type { CheckpointModel, Question } from '#inference/checkpoint-model'
import { encode } from '#model/vit/encoder'
import { withoutRegisters } from '#model/vit/tokens'

/**
 * Which attention is shown: that of the encoder at full visibility, as for recognition (paper, appendix E), or of
 * the content or the query stream under its mask, as in training.
 */
export type AttentionView = 'full' | 'content' | 'query'

/** The attention of every block to one image. */
export interface Attention {
  layers: number
  /**
   * How much a token attends to every other in a block, for each head: [heads][1 + N], the class token first, patches
   * row by row; registers are left out. Tokens: 0 the class token, 1 + i patch i.
   */
  of(layer: number, token: number): number[][]
  /** How far the patches look in a block, for each head: from patch to patch, weighted by attention, in patches. */
  distance(layer: number): number[]
}

const questions: Record<AttentionView, Question> = {
  full: attentionQuestion('full'),
  content: attentionQuestion('content'),
  query: attentionQuestion('query'),
}

/**
 * The attention of a model to an image [S, S, 3]; the order [N] matters under the masks only. Throws AppError bad-settings
 * where the model has none.
 */
export async function attend(
  model: CheckpointModel,
  image: Float32Array,
  order: Int32Array,
  view: AttentionView,
): Promise<Attention> {
  const { objective } = model.h
  if (view !== 'full' && !hasView(objective, 'streams'))
    throw new AppError(
      'bad-settings',
      `A model of ${objectives[objective].title} has no content and query stream.`,
      'Look at its attention at full visibility.',
    )
  const outputs = await model.ask(questions[view], {
    images: image,
    ...(view === 'full' ? {} : { order: withPlaces(order, order.length) }),
  })
  const layers = Object.values(outputs)
  const place = placesOf(order)
  /** Rows and columns of the streams are in the order of prediction; the query stream has no class row. */
  const sorted = (token: number) => (view === 'full' || token === 0 ? token : 1 + place[token - 1]!)
  const grid = Math.sqrt(order.length)
  const apart = (a: number, b: number) =>
    Math.hypot(Math.floor(a / grid) - Math.floor(b / grid), (a % grid) - (b % grid))
  const found: Attention = {
    layers: layers.length,
    of(layer, token) {
      const { shape, values } = layers[layer]!
      const [, heads, rows, columns] = shape as [number, number, number, number]
      const row = sorted(token) - (view === 'query' ? 1 : 0)
      return Array.from({ length: heads }, (_, head) =>
        Array.from({ length: 1 + order.length }, (_, other) =>
          sorted(other) < columns ? values[(head * rows + row) * columns + sorted(other)]! : 0,
        ),
      )
    },
    distance(layer) {
      const rows = Array.from(order, (_, patch) => found.of(layer, 1 + patch))
      return rows[0]!.map((_, head) => {
        let [sum, weight] = [0, 0]
        rows.forEach((heads, from) =>
          heads[head]!.slice(1).forEach((share, to) => {
            sum += share * apart(from, to)
            weight += share
          }),
        )
        return weight > 0 ? sum / weight : 0
      })
    },
  }
  return found
}

function attentionQuestion(view: AttentionView): Question {
  return {
    name: `attention ${view}`,
    step: (h) => attentionStep(h, view),
    inputs: (h) =>
      Object.fromEntries(
        Object.entries(imageInputs(h, 1)).filter(([name]) => name === 'images' || view !== 'full'),
      ),
  }
}

const attentionStep =
  (h: Hyperparameters, view: AttentionView): StepFunction =>
  (w, { images, order }) => {
    const outputs: NamedTensors = {}
    /** Without the rows and columns of registers; in the query stream their rows come first. */
    const seen: (...of: Parameters<StreamListener>) => tf.Tensor = (stream, probabilities) => {
      if (h.registers === 0) return probabilities
      const rows =
        stream === 'query'
          ? probabilities.slice([0, 0, h.registers, 0], [-1, -1, -1, -1])
          : withoutRegisters(probabilities, h, 2)
      return withoutRegisters(rows, h, 3)
    }
    const onAttention: StreamListener = (stream, probabilities) => {
      if (stream === 'query' ? view === 'query' : view !== 'query')
        outputs[`layer ${Object.keys(outputs).length}`] = seen(stream, probabilities)
    }
    if (view === 'full') encode(w, h, images!, { onAttention: (p) => onAttention('content', p) })
    else forward(w, h, images!, order!, { whole: true, onAttention })
    return { outputs }
  }
