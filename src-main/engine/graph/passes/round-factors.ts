import type { Precision } from '#shared/settings/precision'
import type { Graph } from '#engine/graph/ir'
import { Builder } from './builder'

/**
 * Rounds the factors of products, and of 16-bit formats the products too, as a device does that multiplies in a precision: a
 * CPU then computes what such a device would. Sums that were written as products are rounded only where a device has no other
 * products, as with tf32.
 */
export function roundFactors(precision: Precision): (graph: Graph) => Graph {
  const round = roundings[precision]
  if (!round) return (graph) => graph
  return (graph) => {
    const builder = new Builder(graph)
    const rounded = new Map<string, string>()
    for (const node of graph.nodes) {
      const isRounded = node.op === 'FusedMatMul' || (precision === 'tf32' && /MatMul|Gemm/.test(node.op))
      if (!isRounded) {
        builder.nodes.push(node)
        continue
      }
      const inputs = node.inputs.map((name) => {
        if (!rounded.has(name)) rounded.set(name, round(builder, name))
        return rounded.get(name)!
      })
      if (precision === 'tf32') {
        builder.nodes.push({ ...node, inputs })
        continue
      }
      const output = builder.values.get(node.outputs[0]!)!
      const product = builder.value(output)
      builder.nodes.push({ ...node, inputs, outputs: [product.name] })
      builder.add('Identity', [round(builder, product.name)], output)
    }
    return builder.graph(graph)
  }
}

type Round = (builder: Builder, name: string) => string

/** Each answers the name of a value rounded. */
const roundings: Partial<Record<Precision, Round>> = {
  tf32: (builder, name) => toBits(builder, name, 11),
  bfloat16: (builder, name) => toBits(builder, name, 8),
  float16: (builder, name) => {
    const finite = clipped(builder, name, 2 ** 17) // infinity has no bits
    return beyondIsInfinite(builder, multiples(builder, toBits(builder, finite, 11), -24), 65504)
  },
}

/** x to so many significant bits, to the nearest: with c = (2^(24 - bits) + 1) x it is c - (c - x) (Veltkamp 1968; Dekker 1971). */
function toBits(builder: Builder, x: string, bits: number): string {
  const c = builder.binary('Mul', x, builder.scalar(2 ** (24 - bits) + 1))
  return builder.binary('Sub', c, builder.binary('Sub', c, x))
}

/** x to the nearest multiple of 2^exponent where it is small: what is below falls off a sum with a number whose last bit that is. */
function multiples(builder: Builder, x: string, exponent: number): string {
  const large = builder.scalar(1.5 * 2 ** (exponent + 23))
  return builder.binary('Sub', builder.binary('Add', x, large), large)
}

/** x within -most and most. */
const clipped = (builder: Builder, x: string, most: number): string =>
  builder.binary('Max', builder.binary('Min', x, builder.scalar(most)), builder.scalar(-most))

/** x, infinite where it is beyond `most`: what is beyond is added so many times that no number is left of it. */
function beyondIsInfinite(builder: Builder, x: string, most: number): string {
  const within = clipped(builder, x, most)
  const beyond = builder.binary('Mul', builder.binary('Sub', x, within), builder.scalar(2 ** 127))
  return builder.binary('Add', within, builder.binary('Mul', beyond, builder.scalar(2 ** 127)))
}
