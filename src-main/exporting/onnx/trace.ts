import type { Hyperparameters } from '../../../src-shared/hyperparameters'
import type { Graph } from '../../engine/onnx/graph'
import { dropDeadNodes, nameOutputsAtSource, shareCommonNodes } from '../../engine/onnx/passes'
import { trace } from '../../engine/onnx/tracer'
import * as tf from '../../ops/tf'
import { featuresStep } from '../features'
import type { FloatTensors } from '../tensors'
import { withAnyBatch } from './any-batch'
import { portable } from './portable'

/**
 * The encoder as a graph of plain ONNX operators with its weights inside, for batches of any size.
 * images [batch, 3, S, S], or [batch, S, S, 3] without `channelsFirst` -> the features of `featuresStep`.
 */
export function encoderGraph(
  h: Hyperparameters,
  weights: FloatTensors,
  { channelsFirst }: { channelsFirst: boolean },
): Graph {
  const size = h.imageSize
  const step = featuresStep(h, { channelsFirst })
  const traced = (batch: number) => {
    const shape = channelsFirst ? [batch, 3, size, size] : [batch, size, size, 3]
    const inside: typeof step = (_state, inputs) => step(constants(weights), inputs)
    return trace(inside, {}, { images: { shape, dtype: 'float32' } }).graph
  }
  // A batch of one is traced with other operators.
  const graph = withAnyBatch([traced(2), 2], [traced(3), 3], 'images')
  return dropDeadNodes(portable(nameOutputsAtSource(shareCommonNodes(graph))))
}

const constants = (weights: FloatTensors) =>
  Object.fromEntries(
    Object.entries(weights).map(([name, { shape, values }]) => [name, tf.tensor(values, shape)]),
  )
