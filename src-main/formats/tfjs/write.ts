import type { Graph } from '#engine/graph/ir'
import { GraphDef } from '#engine/tensorflow/graph-def'

/** Browsers cache files up to about this size. */
const shardBytes = 4 * 2 ** 20

/** The files of a tfjs graph model: model.json and its weights in shards. */
export function encodeGraphModel(graph: Graph, version: string): Record<string, Uint8Array | string> {
  const { nodes, constants } = new GraphDef(graph)
  const weights = Buffer.concat(
    [...constants.values()].map(({ values }) =>
      Buffer.from(values.buffer, values.byteOffset, values.byteLength),
    ),
  )
  const count = Math.max(1, Math.ceil(weights.length / shardBytes))
  const shards = Array.from({ length: count }, (_, i): [string, Uint8Array] => [
    `weights-${i + 1}-of-${count}.bin`,
    weights.subarray(i * shardBytes, (i + 1) * shardBytes),
  ])
  const tensor = ({ name, shape }: { name: string; shape: readonly number[] }) => ({
    name,
    dtype: 'DT_FLOAT',
    tensorShape: { dim: shape.map((size) => ({ size: String(size) })) },
  })
  const byName = (values: Graph['inputs']) =>
    Object.fromEntries(values.map((value) => [value.name, tensor(value)]))
  const model = {
    format: 'graph-model',
    generatedBy: `SAIM Studio ${version}`,
    convertedBy: null,
    signature: { inputs: byName(graph.inputs), outputs: byName(graph.outputs) },
    modelTopology: { node: nodes, library: {}, versions: { producer: 1 } },
    weightsManifest: [
      {
        paths: shards.map(([name]) => name),
        weights: [...constants.values()].map(({ name, shape, dtype }) => ({ name, shape, dtype })),
      },
    ],
  }
  return { 'model.json': JSON.stringify(model), ...Object.fromEntries(shards) }
}
