import { normals, purposes, uniforms } from '#shared/random'
import { sizeOf } from '#model/tensor/step'
import type { Shapes } from './layers'
import { positionTable } from './positions'

/**
 * Initial weights: xavier-uniform matrices (the patch embedding as a linear), class, register and mask tokens normal
 * with deviation .02, LayerNorm weights 1, the patch embedding's bias as PyTorch's of convolutions, other biases 0 (docs/method.md,
 * "Initial weights"), learned positions as the fixed ones. All of them, or those that are `wanted`.
 */
export const initialValuesOf = (
  shapes: Shapes,
  seed: number,
  wanted: (name: string) => boolean = () => true,
): Record<string, { shape: number[]; values: Float32Array }> =>
  Object.fromEntries(
    Object.entries(shapes).flatMap(([name, shape], index) =>
      wanted(name) ? [[name, { shape, values: initialValues(shapes, name, seed, index) }]] : [],
    ),
  )

function initialValues(shapes: Shapes, name: string, seed: number, index: number): Float32Array {
  const shape = shapes[name]!
  const size = sizeOf(shape)
  const uniform = (bound: number) =>
    Float32Array.from(uniforms(seed, purposes.weights, index, 0, size), (u) => (2 * u - 1) * bound)
  if (['cls_token', 'register_tokens', 'mask_token'].includes(name))
    return Float32Array.from(normals(seed, purposes.weights, index, 0, size), (z) => 0.02 * z)
  if (name === 'pos_embed') return positionTable(Math.sqrt(shape[1]! - 1), shape[2]!)
  if (name === 'patch_embed.proj.bias')
    return uniform(1 / Math.sqrt(sizeOf(shapes['patch_embed.proj.weight']!) / size))
  if (shape.length === 1) return new Float32Array(size).fill(name.endsWith('.weight') ? 1 : 0)
  const [fanOut, fanIn] = [shape[0]!, size / shape[0]!]
  return uniform(Math.sqrt(6 / (fanIn + fanOut)))
}
