import { sizeOf } from '#model/tensor/step'
import { flagOf, type Graph, intOf, intsOf, type Node, operators, sameShape, type Value } from './ir'

/**
 * What is wrong with a graph, in words; nothing where it is sound. Every value is made once and before it is read, has a
 * shape and a type, and is what its operator makes of its inputs. Tests ask after each pass.
 */
export function problemsOf(graph: Graph): string[] {
  const problems: string[] = []
  const known = new Set<string>()
  const define = (name: string, by: string) => {
    if (known.has(name)) problems.push(`${name} is made twice, the second time by ${by}`)
    if (!valueOf(graph, name)) problems.push(`${name} has no shape`)
    known.add(name)
  }
  for (const { name } of graph.inputs) define(name, 'an input')
  for (const { name, shape, values } of graph.constants.values()) {
    define(name, 'a constant')
    if (sizeOf(shape) !== values.length)
      problems.push(`constant ${name} has ${values.length} values for [${shape}]`)
  }
  for (const node of graph.nodes) {
    const where = `${node.op} -> ${node.outputs.join(', ')}`
    for (const input of node.inputs)
      if (!known.has(input)) problems.push(`${where} reads ${input}, which is not made before it`)
    node.outputs.forEach((name) => define(name, where))
    problems.push(...attributeProblems(node).map((problem) => `${where}: ${problem}`))
    if ([...node.inputs, ...node.outputs].every((name) => valueOf(graph, name)))
      problems.push(...shapeProblems(graph, node).map((problem) => `${where}: ${problem}`))
  }
  for (const { name } of graph.outputs)
    if (!known.has(name)) problems.push(`nothing makes the output ${name}`)
  return problems
}

const valueOf = (graph: Graph, name: string): Value | undefined =>
  graph.values.get(name) ?? graph.constants.get(name)

/** Attributes that the operator has not, lacks, or has of another kind. Kernels of an engine's own have any numbers. */
function attributeProblems({ op, attributes }: Node): string[] {
  if (!(op in operators)) return []
  const kinds = operators[op as keyof typeof operators] as Record<string, string>
  const unknown = Object.keys(attributes).filter((name) => !(name in kinds))
  const wrong = Object.entries(kinds).filter(([name, kind]) => {
    const attribute = attributes[name]
    return attribute ? !(kind.replace('?', '') in attribute) : !kind.endsWith('?')
  })
  return [
    ...unknown.map((name) => `has no attribute ${name}`),
    ...wrong.map(([name, kind]) => `${name} is to be ${kind}`),
  ]
}

/** Where outputs are not of the shape that the operator makes. */
function shapeProblems(graph: Graph, node: Node): string[] {
  const shapes = (names: string[]) => names.map((name) => valueOf(graph, name)!.shape)
  const [inputs, outputs] = [shapes(node.inputs), shapes(node.outputs)]
  const made = outputShape(node, inputs)
  if (node.op === 'Reshape')
    return sizeOf(inputs[0]!) === sizeOf(outputs[0]!) ? [] : [`makes [${outputs[0]}] of [${inputs[0]}]`]
  return made && !sameShape(made, outputs[0]!) ? [`makes [${made}], not [${outputs[0]}]`] : []
}

/** The shape that an operator makes of inputs of these shapes; null where it depends on values, or is not known here. */
function outputShape(node: Node, inputs: (readonly number[])[]): readonly number[] | null {
  const [a, b] = inputs as [readonly number[], readonly number[]]
  switch (node.op) {
    case 'Add':
    case 'Sub':
    case 'Mul':
    case 'Div':
    case 'Pow':
    case 'Max':
    case 'Min':
    case 'Greater':
    case 'GreaterOrEqual':
    case 'Less':
    case 'LessOrEqual':
    case 'Sum':
    case 'Where':
      return broadcast(inputs)
    case 'Abs':
    case 'Erf':
    case 'Exp':
    case 'Log':
    case 'Neg':
    case 'Sign':
    case 'Sqrt':
    case 'Reciprocal':
    case 'Identity':
    case 'Softmax':
    case 'Cast':
    case 'LayerNormalization':
      return a
    case 'Transpose':
      return intsOf(node, 'perm').map((axis) => a[axis]!)
    case 'MatMul':
    case 'FusedMatMul':
    case 'Gemm':
      return productShape(node, a, b)
    case 'Concat': {
      const axis = intOf(node, 'axis')
      return a.map((size, i) => (i === axis ? inputs.reduce((sum, shape) => sum + shape[i]!, 0) : size))
    }
    case 'Gather': {
      const axis = intOf(node, 'axis')
      return [...a.slice(0, axis), ...b, ...a.slice(axis + 1)]
    }
    default:
      return null
  }
}

function productShape(node: Node, a: readonly number[], b: readonly number[]): readonly number[] {
  const turned = (shape: readonly number[], is: boolean) =>
    is ? [...shape.slice(0, -2), shape.at(-1)!, shape.at(-2)!] : shape
  const [left, right] = [turned(a, flagOf(node, 'transA')), turned(b, flagOf(node, 'transB'))]
  if (left.at(-1) !== right.at(-2)) return [NaN]
  return [...broadcast([left.slice(0, -2), right.slice(0, -2)]), left.at(-2)!, right.at(-1)!]
}

/** The shape that shapes broadcast to; NaN where sizes do not go together. */
function broadcast(shapes: (readonly number[])[]): number[] {
  const rank = Math.max(...shapes.map((shape) => shape.length))
  return Array.from({ length: rank }, (_, i) => {
    const sizes = new Set(shapes.map((shape) => shape[i - rank + shape.length] ?? 1))
    sizes.delete(1)
    return sizes.size > 1 ? NaN : ([...sizes][0] ?? 1)
  })
}
