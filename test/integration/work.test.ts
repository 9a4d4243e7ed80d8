import { expect, it } from 'vitest'
import { fromPreset, type Hyperparameters } from '#shared/settings/hyperparameters'
import { trace } from '#engine/graph/trace'
import { intOf } from '#engine/graph/ir'
import { mapValues, sizeOf } from '#model/tensor/step'
import { weightShapes } from '#model/objectives/index'
import { imageInputs, lossAndGradients } from '#model/objectives/pretrain'
import { flopsPerImage } from '#jobs/train/work'

/** Operations of the matrix products in the traced graph of loss and gradients of so many images. */
function counted(h: Hyperparameters, batchSize: number): number {
  const weights = mapValues(weightShapes(h), (shape) => ({ shape, dtype: 'float32' as const }))
  const { graph } = trace(
    (state, { images, order }) => {
      const { loss, gradients } = lossAndGradients(h, state, images!, order!)
      return { outputs: { loss, ...gradients } }
    },
    weights,
    imageInputs(h, batchSize),
  )
  const shapeOf = (name: string) => (graph.values.get(name) ?? graph.constants.get(name)!).shape
  return graph.nodes
    .filter(({ op }) => op === 'MatMul' || op === 'FusedMatMul')
    .reduce((sum, node) => {
      const isByColumns = 'transA' in node.attributes && intOf(node, 'transA') === 1
      const common = shapeOf(node.inputs[0]!).at(isByColumns ? -2 : -1)!
      return sum + 2 * common * sizeOf(shapeOf(node.outputs[0]!))
    }, 0)
}

const nano = fromPreset('nano')
it.each<[string, Hyperparameters]>([
  ['nano', nano],
  ['tiny', fromPreset('tiny')],
  ['base', fromPreset('base')],
  ['MAE', fromPreset('tiny', { objective: 'mae' })],
  ['a linear head', { ...nano, head: 'linear' }],
  ['a head of a transformer', { ...nano, head: 'transformer' }],
  ['no blur', { ...nano, blurSize: 0 }],
  ['gradient checkpointing', { ...nano, gradientCheckpointing: true }],
  ['no query stream', { ...nano, queryDepth: 0 }],
])('the operations of an image are those of the graph: %s', (_, h) => {
  const ratio = flopsPerImage(h) / (counted(h, 3) - counted(h, 2))
  expect(Math.abs(ratio - 1)).toBeLessThan(0.01)
})
