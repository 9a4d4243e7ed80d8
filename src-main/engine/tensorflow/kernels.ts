import { adamKernel } from '#model/tensor/adam'
import { attentionGradientKernel, attentionKernel } from '#model/tensor/attention'
import { geluGradientKernel, geluKernel } from '#model/tensor/gelu'
import { layerNormGradientKernel, layerNormKernel } from '#model/tensor/layer-norm'
import { mapValues } from '#model/tensor/step'
import type { Op } from '#engine/graph/ir'
import type { Emit } from '#engine/graph/kernels'

/** Attributes that are whole numbers. */
const whole = new Set(['heads', 'images', 'causal'])

type Numbers = Record<string, number>

/**
 * A node `op` of the inputs named, in their order, with outputs of shapes that follow from those of the inputs and from the
 * attributes. Inputs that are missing are left out.
 */
const node =
  (
    op: Op,
    inputs: string[],
    shapes: (shapes: Record<string, number[]>, attributes: Numbers) => number[][],
  ): Emit =>
  (tracer, tensors, attributes) => {
    const numbers = attributes as Numbers
    const given = inputs.filter((name) => tensors[name])
    const shapesOf = Object.fromEntries(given.map((name) => [name, tensors[name]!.shape]))
    return tracer
      .node(
        op,
        given.map((name) => tracer.operand(tensors[name]!)),
        shapes(shapesOf, numbers).map((shape) => ({ shape, dtype: 'float32' })),
        mapValues(numbers, (value, name) => (whole.has(name) ? { int: value } : { float: value })),
      )
      .map((name) => tracer.tensor(name))
  }

/** TensorFlow updates a weight and its moments in one pass over them. */
export const updateKernels: Record<string, Emit> = {
  [adamKernel]: node(
    adamKernel,
    ['weight', 'mean', 'variance', 'g', 'rate', 'power1', 'power2', 'addend', 'decay'],
    ({ weight }) => [weight!, weight!, weight!],
  ),
}

/** Of resources/tensorflow/kernels.cpp, by the names that they have there. */
export const ownKernels: Record<string, Emit> = {
  [geluKernel]: node('SaimGelu', ['x'], ({ x }) => [x!]),
  [geluGradientKernel]: node('SaimGeluGradient', ['dy', 'x'], ({ x }) => [x!]),
  [layerNormKernel]: node('SaimLayerNorm', ['x', 'gain', 'bias'], ({ x }) => [x!, [x![0]!, 1], [x![0]!, 1]]),
  [layerNormGradientKernel]: node(
    'SaimLayerNormGradient',
    ['dy', 'x', 'gain', 'mean', 'inverseDeviation'],
    ({ x, gain }) => [x!, gain!, gain!],
  ),
  [attentionKernel]: node('SaimAttention', ['q', 'k', 'v'], ({ q, k }, { heads, images }) => [
    q!,
    [heads! * q![0]!, k![0]! / images!],
  ]),
  [attentionGradientKernel]: node(
    'SaimAttentionGradient',
    ['dMixed', 'q', 'k', 'v', 'probabilities'],
    ({ q, k }) => [q!, k!, k!],
  ),
}

export const isOwn = (op: string) => op.startsWith('Saim')
