import '@tensorflow/tfjs-backend-cpu'
import { existsSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { enginesHere } from '#test/helpers/engines'
import { scaledDotProductAttention } from '#model/tensor/attention'
import { gelu } from '#model/tensor/gelu'
import { valueAndGradients } from '#model/tensor/gradients'
import { layerNorm } from '#model/tensor/layer-norm'
import { mapValues, type NamedTensors, sizeOf } from '#model/tensor/step'
import * as tf from '#model/tensor/tf'
import { tensorflowAddon } from '#platform/paths'
import { createEngine } from '#engine/engines'
import { kernelsBeside } from './addon'

/** What is computed of tensors of these shapes, with values up to `most`. */
interface Case {
  shapes: Record<string, number[]>
  most: number
  compute: (inputs: NamedTensors) => tf.Tensor
}

const ofGelu = (rows: number, width: number): Case => ({
  shapes: { x: [rows, width] },
  most: 8,
  compute: ({ x }) => gelu(x!),
})
const ofLayerNorm = (rows: number, width: number): Case => ({
  shapes: { x: [rows, width], gain: [width], bias: [width] },
  most: 3,
  compute: ({ x, gain, bias }) => layerNorm(x!, gain!, bias!),
})
const ofAttention = (
  batch: number,
  heads: number,
  width: number,
  queries: number,
  keys: number | null,
): Case => {
  const [q, k] = [queries, keys ?? queries].map((length) => [batch, length, heads * width])
  const mask = keys === null ? 'causal' : null
  return {
    shapes: { q: q!, k: k!, v: k! },
    most: 3,
    compute: ({ q, k, v }) => scaledDotProductAttention(q!, k!, v!, { heads, mask }),
  }
}

const upTo = (max: number) => fc.integer({ min: 1, max })
/** Tolerances are about ten times the largest difference of 300 cases: both round, and scores of 100 round by 1e-5. */
const cases: Record<string, { any: fc.Arbitrary<Case>; large: Case; tolerance: number }> = {
  GELU: {
    any: fc.tuple(upTo(5), upTo(70)).map((size) => ofGelu(...size)),
    large: ofGelu(300, 500),
    tolerance: 1e-6,
  },
  LayerNorm: {
    any: fc.tuple(upTo(5), fc.integer({ min: 2, max: 70 })).map((size) => ofLayerNorm(...size)),
    large: ofLayerNorm(700, 400),
    tolerance: 5e-5,
  },
  attention: {
    any: fc.tuple(upTo(3), upTo(3), upTo(40), upTo(40), upTo(40)).map((sizes) => ofAttention(...sizes)),
    large: ofAttention(2, 3, 64, 65, 49),
    tolerance: 5e-5,
  },
  'causal attention': {
    any: fc.tuple(upTo(3), upTo(3), upTo(40), upTo(40)).map((sizes) => ofAttention(...sizes, null)),
    large: ofAttention(2, 3, 64, 65, null),
    tolerance: 5e-5,
  },
}

/** The value, and the gradients of a sum that weighs its numbers differently. */
function outputsOf({ compute }: Case, inputs: NamedTensors): NamedTensors {
  const weighed = () => {
    const y = compute(inputs)
    const weights = Float32Array.from({ length: y.size }, (_, i) => Math.cos(i))
    return y.mul(tf.tensor(weights, y.shape)).sum() as tf.Scalar
  }
  const { gradients } = valueAndGradients(weighed, Object.values(inputs))
  const named = Object.keys(inputs).map((name, i) => [`gradient of ${name}`, gradients[i]!])
  return { y: compute(inputs), ...Object.fromEntries(named) }
}

/** How far the furthest value of an output is from the same on tfjs's cpu backend, by the largest of that output. */
async function differences(one: Case): Promise<Record<string, number>> {
  const values = Object.fromEntries(
    Object.entries(one.shapes).map(([name, shape], k) => {
      return [
        name,
        Float32Array.from({ length: sizeOf(shape) }, (_, i) => one.most * Math.sin(1 + i * i + 7 * k)),
      ]
    }),
  )
  await tf.setBackend('cpu')
  const wanted = tf.tidy(() => {
    const tensors = mapValues(one.shapes, (shape, name) => tf.tensor(values[name]!, shape))
    return mapValues(outputsOf(one, tensors), (t) => Array.from(t.dataSync()))
  })
  const engine = await createEngine('tensorflow', { threads: 2 })
  const program = await engine.compile(
    (_state, inputs) => ({ outputs: outputsOf(one, inputs) }),
    engine.createState({}),
    mapValues(one.shapes, (shape) => ({ shape, dtype: 'float32' as const })),
  )
  const actual = await program.run(values)
  await program.dispose()
  const largest = (list: number[]) => list.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
  return mapValues(wanted, (list, name) => {
    const errors = list.map((value, i) => actual[name]!.values[i]! - value)
    expect(errors).not.toContain(NaN)
    return largest(errors) / Math.max(1, largest(list))
  })
}

describe.skipIf(!enginesHere().includes('tensorflow'))('kernels of ours in TensorFlow', () => {
  it('are installed with it', () => expect(existsSync(kernelsBeside(tensorflowAddon()))).toBe(true))

  it.each(Object.entries(cases).map(([name, one]) => ({ name, ...one })))(
    '$name is that of tfjs, with its gradients, in sizes small and large',
    async ({ any, large, tolerance }) => {
      const isNear = async (one: Case) => {
        for (const difference of Object.values(await differences(one)))
          expect(difference).toBeLessThan(tolerance)
      }
      await fc.assert(fc.asyncProperty(any, isNear), { numRuns: 25 })
      await isNear(large)
    },
  )
})
