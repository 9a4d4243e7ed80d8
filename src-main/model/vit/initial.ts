import { normals, purposes, uniforms } from '#shared/random'
import type { Shapes } from './layers'
import { positionTable } from './positions'

/**
 * Initial weights: xavier-uniform matrices (the patch embedding as a linear), class and mask token normal with
 * deviation .02, LayerNorm weights 1, biases 0 (docs/method.md, "Initial weights"), learned positions as the fixed ones. All
 * of them, or those that are `wanted`.
 */
export const initialValuesOf = (
  shapes: Shapes,
  seed: number,
  wanted: (name: string) => boolean = () => true,
): Record<string, { shape: number[]; values: Float32Array }> =>
  Object.fromEntries(
    Object.entries(shapes).flatMap(([name, shape], index) =>
      wanted(name) ? [[name, { shape, values: initialValues(name, shape, seed, index) }]] : [],
    ),
  )

function initialValues(name: string, shape: number[], seed: number, index: number): Float32Array {
  const size = shape.reduce((a, b) => a * b)
  if (name === 'cls_token' || name === 'mask_token')
    return Float32Array.from(normals(seed, purposes.weights, index, 0, size), (z) => 0.02 * z)
  if (name === 'pos_embed') return positionTable(Math.sqrt(shape[1]! - 1), shape[2]!)
  if (shape.length === 1) return new Float32Array(size).fill(name.endsWith('.weight') ? 1 : 0)
  const [fanOut, fanIn] = [shape[0]!, size / shape[0]!]
  const bound = Math.sqrt(6 / (fanIn + fanOut))
  const values = new Float32Array(size)
  const u = uniforms(seed, purposes.weights, index, 0, size)
  for (let i = 0; i < size; i++) values[i] = (2 * u[i]! - 1) * bound
  return values
}
