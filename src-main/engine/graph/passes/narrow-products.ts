import { dataTypes, type Graph } from '#engine/graph/ir'
import { Builder } from './builder'

/** Has a device multiply in 16 bits: casts before and after each product, each factor once however many products read it. */
export function narrowProducts(type: 'float16' | 'bfloat16'): (graph: Graph) => Graph {
  return (graph) => {
    const builder = new Builder(graph)
    const narrow = new Map<string, string>()
    const narrowed = (name: string) => {
      if (!narrow.has(name)) narrow.set(name, builder.cast(name, type))
      return narrow.get(name)!
    }
    for (const node of graph.nodes) {
      if (!['FusedMatMul', 'MatMul', 'Gemm'].includes(node.op)) {
        builder.nodes.push(node)
        continue
      }
      const output = builder.values.get(node.outputs[0]!)!
      const product = builder.value({ ...output, dtype: type })
      builder.nodes.push({ ...node, inputs: node.inputs.map(narrowed), outputs: [product.name] })
      builder.add('Cast', [product.name], output, { to: { int: dataTypes.float32 } })
    }
    return builder.graph(graph)
  }
}
