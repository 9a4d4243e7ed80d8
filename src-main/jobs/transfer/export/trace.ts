import type { Graph } from '#engine/graph/ir'
import { dropDeadNodes, nameOutputsAtSource } from '#engine/graph/passes/drop'
import { shareCommonNodes } from '#engine/graph/passes/share'
import { trace } from '#engine/graph/trace'
import type { StepFunction } from '#model/tensor/step'
import * as tf from '#model/tensor/tf'
import type { ImageModel } from '#inference/image-model'
import type { FloatTensors } from '#formats/tensors'
import { withAnyBatch } from '#formats/onnx/any-batch'
import { portable } from '#formats/onnx/portable'

/**
 * A model as a graph of plain ONNX operators with its weights inside, for batches of any size.
 * images [batch, 3, S, S], or [batch, S, S, 3] without `channelsFirst` -> the model's outputs.
 */
export function modelGraph(
  { imageSize: size, step }: ImageModel,
  weights: FloatTensors,
  { channelsFirst }: { channelsFirst: boolean },
): Graph {
  const traced = (batch: number) => {
    const shape = channelsFirst ? [batch, 3, size, size] : [batch, size, size, 3]
    const inside: StepFunction = (_state, { images }) =>
      step(constants(weights), { images: channelsFirst ? images!.transpose([0, 2, 3, 1]) : images! })
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
