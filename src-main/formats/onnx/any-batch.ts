import type { Constant, Graph, Node, Value, Op } from '#engine/graph/ir'
import { sizeOf } from '#model/tensor/step'

/** How a dimension that is any batch stands in a graph's shapes. */
export const anyBatch = -1

/**
 * A graph for batches of any size from the same graph traced with two sizes: where the two differ, the number depends
 * on the batch. In the shape of a Reshape it becomes -1; elsewhere it is computed from the shape of `input`.
 */
export function withAnyBatch([a, batchA]: Traced, [b, batchB]: Traced, input: string): Graph {
  const nodes: Node[] = [
    {
      op: 'Shape',
      domain: '',
      inputs: [input],
      outputs: ['batch'],
      attributes: { start: { int: 0 }, end: { int: 1 } },
    },
  ]
  const constants = new Map(a.constants)
  const values = new Map(a.values)
  const declare = (name: string, shape: readonly number[]) =>
    values.set(name, { name, shape, dtype: 'int64' })
  declare('batch', [1])
  const add = (constant: Constant) => {
    constants.set(constant.name, constant)
    declare(constant.name, constant.shape)
  }

  /** number = fixed + perImage × batch, for each number of a constant that differs. */
  const computed = (constant: Constant, other: Constant): string => {
    const { name, shape } = constant
    const [first, second] = [numbersOf(constant), numbersOf(other)]
    const perImage = first.map((n, i) => (second[i]! - n) / (batchB - batchA))
    if (perImage.some((n) => !Number.isInteger(n))) throw new Error(`${name} is no multiple of the batch`)
    const fixed = first.map((n, i) => n - perImage[i]! * batchA)
    add(int64(`${name}/per_image`, shape, perImage))
    add(int64(`${name}/fixed`, shape, fixed))
    const node = (op: Op, inputs: string[], output: string) => {
      nodes.push({ op, domain: '', inputs, outputs: [output], attributes: {} })
      declare(output, shape)
    }
    node('Mul', [`${name}/per_image`, 'batch'], `${name}/scaled`)
    node('Add', [`${name}/scaled`, `${name}/fixed`], `${name}/computed`)
    return `${name}/computed`
  }

  a.nodes.forEach((node, i) => {
    const twin = b.nodes[i]!
    if (node.op !== twin.op) throw new Error(`${node.op} becomes ${twin.op} in another batch`)
    const inputs = node.inputs.map((name, k) => {
      const [constant, other] = [a.constants.get(name), b.constants.get(twin.inputs[k]!)]
      if (!constant || !other || sameNumbers(constant, other)) return name
      const others = numbersOf(other)
      const shape = numbersOf(constant).map((n, j) => (n === others[j] ? n : -1))
      if (node.op !== 'Reshape' || shape.filter((n) => n === -1).length > 1) return computed(constant, other)
      add(int64(`${name}/any`, constant.shape, shape))
      return `${name}/any`
    })
    nodes.push({ ...node, inputs })
  })
  const used = new Set(nodes.flatMap((node) => node.inputs))
  return {
    ...a,
    nodes: used.has('batch') ? nodes : nodes.slice(1),
    constants: new Map([...constants].filter(([name]) => used.has(name))),
    values,
    inputs: a.inputs.map((value, i) => anyBatchOf(value, b.inputs[i]!)),
    outputs: a.outputs.map((value, i) => anyBatchOf(value, b.outputs[i]!)),
  }
}

type Traced = [graph: Graph, batch: number]

const anyBatchOf = (value: Value, other: Value): Value => ({
  ...value,
  shape: value.shape.map((size, i) => (size === other.shape[i] ? size : anyBatch)),
})

const numbersOf = ({ values }: Constant) => Array.from(values as Int32Array, Number)

const sameNumbers = (a: Constant, b: Constant) =>
  a.values.length === b.values.length && a.values.every((n, i) => n === b.values[i])

const int64 = (name: string, shape: readonly number[], numbers: number[]): Constant => {
  if (sizeOf(shape) !== numbers.length) throw new Error(`${name} does not fit its shape`)
  return { name, shape, dtype: 'int64', values: BigInt64Array.from(numbers, BigInt) }
}
