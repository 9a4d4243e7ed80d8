import { createHash } from 'node:crypto'
import { sizeOf } from '#model/tensor/step'
import { type Constant, type Graph, makersOf, type Node, sameShape, type Value } from './ir'

/** Rewrites a traced graph into a smaller one of the same meaning. */
export function optimise(graph: Graph): Graph {
  return dropDeadNodes(
    nameOutputsAtSource(foldScales(shareCommonNodes(joinReshapes(scaleBeforeBias(graph))))),
  )
}

/** Nodes of the same operator, inputs and attributes are computed once; equal constants likewise. */
export function shareCommonNodes(graph: Graph): Graph {
  const renamed = new Map<string, string>()
  const resolve = (name: string) => renamed.get(name) ?? name
  const seen = new Map<string, string[]>()

  const constants = new Map<string, typeof graph.constants extends Map<string, infer C> ? C : never>()
  for (const [name, constant] of graph.constants) {
    const { dtype, shape, values } = constant
    const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
    const key = `${dtype} ${shape.join()} ${createHash('sha1').update(bytes).digest('hex')}`
    const twin = seen.get(key)
    if (twin) renamed.set(name, twin[0]!)
    else {
      seen.set(key, [name])
      constants.set(name, constant)
    }
  }

  const nodes: Node[] = []
  const outputs = new Set(graph.outputs.map((value) => value.name))
  for (const node of graph.nodes) {
    const inputs = node.inputs.map(resolve)
    const key = JSON.stringify([node.op, inputs, node.attributes])
    const twin = seen.get(key)
    if (twin && !node.outputs.some((name) => outputs.has(name)))
      node.outputs.forEach((name, i) => renamed.set(name, twin[i]!))
    else {
      if (!twin) seen.set(key, node.outputs)
      nodes.push({ ...node, inputs })
    }
  }
  return { ...graph, nodes, constants }
}

/** Drops nodes, constants and inputs that no output needs. */
export function dropDeadNodes(graph: Graph): Graph {
  const needed = new Set(graph.outputs.map((value) => value.name))
  const nodes: Node[] = []
  for (const node of [...graph.nodes].reverse()) {
    if (!node.outputs.some((name) => needed.has(name))) continue
    node.inputs.forEach((name) => needed.add(name))
    nodes.unshift(node)
  }
  return {
    ...graph,
    nodes,
    inputs: graph.inputs.filter((value) => needed.has(value.name)),
    constants: new Map([...graph.constants].filter(([name]) => needed.has(name))),
  }
}

/** A reshape of reshaped values reads them as they were made; one to the shape that they already have goes. */
export function joinReshapes(graph: Graph): Graph {
  const outputs = new Set(graph.outputs.map(({ name }) => name))
  /** What reshaped values are made of. */
  const sources = new Map<string, string>()
  const renamed = new Map<string, string>()
  const resolve = (name: string) => renamed.get(name) ?? name
  const shapeOf = (name: string) => (graph.values.get(name) ?? graph.constants.get(name))!.shape
  const nodes = graph.nodes.flatMap((node): Node[] => {
    const inputs = node.inputs.map(resolve)
    if (node.op !== 'Reshape') return [{ ...node, inputs }]
    const [x, shape] = inputs as [string, string]
    const [y] = node.outputs as [string]
    const source = sources.get(x) ?? x
    sources.set(y, source)
    if (!sameShape(shapeOf(source), shapeOf(y)) || outputs.has(y))
      return [{ ...node, inputs: [source, shape] }]
    renamed.set(y, source)
    return []
  })
  return { ...graph, nodes }
}

/** Identity nodes before outputs go: the node that makes the value gives it the output's name. */
export function nameOutputsAtSource(graph: Graph): Graph {
  const makers = makersOf(graph)
  const renamed = new Map<string, string>()
  for (const node of graph.nodes)
    if (node.op === 'Identity' && makers.has(node.inputs[0]!) && !renamed.has(node.inputs[0]!))
      renamed.set(node.inputs[0]!, node.outputs[0]!)
  const resolve = (name: string) => renamed.get(name) ?? name
  const nodes = graph.nodes
    .filter((node) => !(node.op === 'Identity' && renamed.get(node.inputs[0]!) === node.outputs[0]))
    .map((node) => ({ ...node, inputs: node.inputs.map(resolve), outputs: node.outputs.map(resolve) }))
  return { ...graph, nodes }
}

/** c (A B + b) with a vector b becomes c (A B) + c b, so that foldScales finds the factor next to the product. */
export function scaleBeforeBias(graph: Graph): Graph {
  const makers = makersOf(graph)
  const uses = usesOf(graph)
  const values = new Map(graph.values)
  const gone = new Set<Node>()
  const nodes = graph.nodes.flatMap((node): Node[] => {
    const found = scaled(graph, node)
    const sum = found && makers.get(found.rest)
    if (sum?.op !== 'Add' || uses.get(found!.rest) !== 1) return [node]
    const [product, bias] = sum.inputs as [string, string]
    const isLinear = makers.get(product)?.op === 'FusedMatMul' && uses.get(product) === 1
    if (!isLinear || values.get(bias)!.shape.length !== 1) return [node]
    gone.add(sum)
    const terms = [product, bias].map((term): Node => {
      const name = `${node.outputs[0]}/${term}`
      values.set(name, { ...values.get(term)!, name })
      return { ...node, inputs: node.inputs.map((x) => (x === found!.rest ? term : x)), outputs: [name] }
    })
    return [...terms, { ...sum, inputs: terms.map(({ outputs }) => outputs[0]!), outputs: node.outputs }]
  })
  return { ...graph, values, nodes: nodes.filter((node) => !gone.has(node)) }
}

/**
 * Constant factors of a matrix product, before or after it, become the product's own factor: c (A B), (c A) B and
 * A (c B) are one FusedMatMul with alpha c.
 */
export function foldScales(graph: Graph): Graph {
  const makers = makersOf(graph)
  const uses = usesOf(graph)
  const gone = new Set<Node>()
  const withFactor = (product: Node, factor: number, changes: Partial<Node>): Node => {
    const alpha = (product.attributes['alpha'] as { float: number } | undefined)?.float ?? 1
    return { ...product, ...changes, attributes: { ...product.attributes, alpha: { float: alpha * factor } } }
  }
  const withInputs = (product: Node): Node =>
    product.inputs.reduce((node, input, i) => {
      const found = scaled(graph, makers.get(input))
      if (!found) return node
      return withFactor(node, found.factor, {
        inputs: node.inputs.map((name, k) => (k === i ? found.rest : name)),
      })
    }, product)

  const nodes = graph.nodes.map((node): Node => {
    if (node.op === 'FusedMatMul') return withInputs(node)
    const found = scaled(graph, node)
    const product = found && makers.get(found.rest)
    if (product?.op !== 'FusedMatMul' || uses.get(found!.rest) !== 1) return node
    gone.add(product)
    return withFactor(withInputs(product), found!.factor, { outputs: node.outputs })
  })
  return { ...graph, nodes: nodes.filter((_, i) => !gone.has(graph.nodes[i]!)) }
}

/**
 * Sums over the rows of a matrix, as the gradients of biases are, become products with a vector of ones: the processor's
 * matrix product reads the matrix several times as fast as its sum does.
 */
export function sumsAsProducts(graph: Graph): Graph {
  const constants = new Map(graph.constants)
  const values = new Map(graph.values)
  const add = (constant: Constant) => {
    constants.set(constant.name, constant)
    values.set(constant.name, constant)
  }
  const nodes = graph.nodes.flatMap((node): Node[] => {
    const [x, axes] = node.inputs as [string, string]
    const shape = values.get(x)?.shape
    const isSum = node.op === 'ReduceSum' && !(node.attributes['keepdims'] as { int: number }).int
    if (!isSum || !shape || shape.length < 2) return [node]
    if (!isRangeTo(shape.length - 1, graph.constants.get(axes)!)) return [node]
    const width = shape[shape.length - 1]!
    const rows = sizeOf(shape) / width
    const shapeConstant = (...sizes: number[]): Constant => ({
      name: `shape/${sizes}`,
      shape: [sizes.length],
      dtype: 'int64',
      values: BigInt64Array.from(sizes, BigInt),
    })
    const [input, output] = [shapeConstant(rows, width), shapeConstant(width)]
    const ones: Constant = {
      name: `ones/${rows}`,
      shape: [1, rows],
      dtype: 'float32',
      values: new Float32Array(rows).fill(1),
    }
    ;[input, output, ones].forEach(add)
    const matrix: Value = { name: `${node.outputs[0]}/rows`, shape: [rows, width], dtype: 'float32' }
    const sum: Value = { name: `${node.outputs[0]}/sum`, shape: [1, width], dtype: 'float32' }
    values.set(matrix.name, matrix)
    values.set(sum.name, sum)
    return [
      { op: 'Reshape', domain: '', inputs: [x, input.name], outputs: [matrix.name], attributes: {} },
      { op: 'MatMul', domain: '', inputs: [ones.name, matrix.name], outputs: [sum.name], attributes: {} },
      { op: 'Reshape', domain: '', inputs: [sum.name, output.name], outputs: node.outputs, attributes: {} },
    ]
  })
  return { ...graph, nodes, constants, values }
}

/**
 * A matrix product Aᵀ B whose first factor is read by columns, as in gradients of weights Xᵀ G, has that factor transposed
 * before: the processor's product would do so again for each panel of the second. Where Bᵀ and the product are less to
 * transpose, as where several products share B, it becomes (Bᵀ A)ᵀ.
 */
export function transposeFirst(graph: Graph): Graph {
  const values = new Map(graph.values)
  const isByColumns = ({ op, inputs, attributes }: Node) =>
    op === 'FusedMatMul' &&
    (attributes['transA'] as { int: number }).int === 1 &&
    (attributes['transB'] as { int: number }).int === 0 &&
    inputs.every((name) => values.get(name)!.shape.length === 2)
  const uses = new Map<string, number>()
  for (const { inputs } of graph.nodes.filter(isByColumns))
    for (const name of inputs) uses.set(name, (uses.get(name) ?? 0) + 1)
  const valuesPerUse = (name: string) => sizeOf(values.get(name)!.shape) / uses.get(name)!

  const transpose = (x: string, y: string): Node => {
    return { op: 'Transpose', domain: '', inputs: [x], outputs: [y], attributes: { perm: { ints: [1, 0] } } }
  }
  const transposed = (x: string): Value => {
    const { shape, dtype } = values.get(x)!
    return { name: `${x}/transposed`, shape: [...shape].reverse(), dtype }
  }
  /** The name of x transposed, with the node that makes it where none does yet. */
  const turn = (x: string): [name: string, nodes: Node[]] => {
    const turned = transposed(x)
    if (values.has(turned.name)) return [turned.name, []]
    values.set(turned.name, turned)
    return [turned.name, [transpose(x, turned.name)]]
  }
  const nodes = graph.nodes.flatMap((node): Node[] => {
    if (!isByColumns(node)) return [node]
    const [[a, b], [y]] = [node.inputs, node.outputs] as [[string, string], [string]]
    const attributes = { ...node.attributes, transA: { int: 0 } }
    if (valuesPerUse(a) <= valuesPerUse(b) + sizeOf(values.get(y)!.shape)) {
      const [turned, makers] = turn(a)
      return [...makers, { ...node, inputs: [turned, b], attributes }]
    }
    const [turned, makers] = turn(b)
    const product = transposed(y)
    values.set(product.name, product)
    return [
      ...makers,
      { ...node, inputs: [turned, a], outputs: [product.name], attributes },
      transpose(product.name, y),
    ]
  })
  return { ...graph, nodes, values }
}

/** Whether a constant's values are 0, 1 .. up to `end`, without it. */
const isRangeTo = (end: number, { values }: Constant) =>
  values.length === end && Array.from(values as BigInt64Array).every((axis, i) => Number(axis) === i)

/** How often each value is read, as an output of the graph too. */
function usesOf(graph: Graph): Map<string, number> {
  const uses = new Map<string, number>()
  const read = [...graph.nodes.flatMap((node) => node.inputs), ...graph.outputs.map(({ name }) => name)]
  for (const name of read) uses.set(name, (uses.get(name) ?? 0) + 1)
  return uses
}

/** The factor and the rest of a Mul by a constant number; null for anything else. */
function scaled(graph: Graph, node: Node | undefined): { factor: number; rest: string } | null {
  if (node?.op !== 'Mul') return null
  const [a, b] = node.inputs as [string, string]
  const number = (name: string) => {
    const constant = graph.constants.get(name)
    return constant?.values.length === 1 && constant.shape.length === 0 ? Number(constant.values[0]) : null
  }
  const [first, second] = [number(a), number(b)]
  if (second !== null) return { factor: second, rest: a }
  return first === null ? null : { factor: first, rest: b }
}
