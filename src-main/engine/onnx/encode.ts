import protobuf from 'protobufjs/light'
import { type Attribute, type Constant, dataTypes, type Graph, type Value } from '#engine/graph/ir'

/** The parts of onnx.proto (IR version 10) that a graph of ours uses. */
const schema = protobuf.Root.fromJSON({
  nested: {
    ModelProto: message({
      irVersion: ['int64', 1],
      producerName: ['string', 2],
      graph: ['GraphProto', 7],
      opsetImport: ['OperatorSetIdProto', 8, 'repeated'],
      metadataProps: ['StringStringEntryProto', 14, 'repeated'],
    }),
    StringStringEntryProto: message({ key: ['string', 1], value: ['string', 2] }),
    OperatorSetIdProto: message({ domain: ['string', 1], version: ['int64', 2] }),
    GraphProto: message({
      node: ['NodeProto', 1, 'repeated'],
      name: ['string', 2],
      initializer: ['TensorProto', 5, 'repeated'],
      input: ['ValueInfoProto', 11, 'repeated'],
      output: ['ValueInfoProto', 12, 'repeated'],
    }),
    NodeProto: message({
      input: ['string', 1, 'repeated'],
      output: ['string', 2, 'repeated'],
      name: ['string', 3],
      opType: ['string', 4],
      attribute: ['AttributeProto', 5, 'repeated'],
      domain: ['string', 7],
    }),
    AttributeProto: message({
      name: ['string', 1],
      f: ['float', 2],
      i: ['int64', 3],
      s: ['bytes', 4],
      ints: ['int64', 8, 'repeated'],
      type: ['int32', 20],
    }),
    TensorProto: message({
      dims: ['int64', 1, 'repeated'],
      dataType: ['int32', 2],
      name: ['string', 8],
      rawData: ['bytes', 9],
    }),
    ValueInfoProto: message({ name: ['string', 1], type: ['TypeProto', 2] }),
    TypeProto: message({ tensorType: ['TensorTypeProto', 1] }),
    TensorTypeProto: message({ elemType: ['int32', 1], shape: ['TensorShapeProto', 2] }),
    TensorShapeProto: message({ dim: ['DimensionProto', 1, 'repeated'] }),
    DimensionProto: message({ dimValue: ['int64', 1], dimParam: ['string', 2] }),
  },
})

function message(fields: Record<string, [type: string, id: number, rule?: 'repeated']>) {
  return {
    fields: Object.fromEntries(
      Object.entries(fields).map(([name, [type, id, rule]]) => [
        name,
        rule ? { type, id, rule } : { type, id },
      ]),
    ),
  }
}

/**
 * The graph as the bytes of an ONNX model. Dimensions of -1 are any size, the same everywhere: `batch`. `metadata` is
 * what its readers find as custom metadata.
 */
export function encodeModel(graph: Graph, metadata: Record<string, string> = {}): Uint8Array {
  return schema
    .lookupType('ModelProto')
    .encode({
      irVersion: 10,
      producerName: 'saim-studio',
      opsetImport: [
        { domain: '', version: 20 },
        ...(graph.nodes.some(({ domain }) => domain) ? [{ domain: 'com.microsoft', version: 1 }] : []),
      ],
      metadataProps: Object.entries(metadata).map(([key, value]) => ({ key, value })),
      graph: {
        name: 'step',
        node: graph.nodes.map((node, i) => ({
          name: `${node.op}_${i}`,
          opType: node.op,
          domain: node.domain,
          input: node.inputs,
          output: node.outputs,
          attribute: Object.entries(node.attributes).map(attribute),
        })),
        initializer: [...graph.constants.values()].map(initializer),
        input: graph.inputs.map(valueInfo),
        output: graph.outputs.map(valueInfo),
      },
    })
    .finish()
}

const attribute = ([name, value]: [string, Attribute]) =>
  'int' in value
    ? { name, type: 2, i: value.int }
    : 'float' in value
      ? { name, type: 1, f: value.float }
      : 'text' in value
        ? { name, type: 3, s: new TextEncoder().encode(value.text) }
        : { name, type: 7, ints: value.ints }

const initializer = ({ name, shape, dtype, values }: Constant) => ({
  name,
  dims: shape,
  dataType: dataTypes[dtype],
  rawData: new Uint8Array(values.buffer, values.byteOffset, values.byteLength),
})

const valueInfo = ({ name, shape, dtype }: Value) => ({
  name,
  type: {
    tensorType: {
      elemType: dataTypes[dtype],
      shape: { dim: shape.map((size) => (size < 0 ? { dimParam: 'batch' } : { dimValue: size })) },
    },
  },
})
