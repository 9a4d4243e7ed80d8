import protobuf from 'protobufjs/light'
import { type GraphDef, shapeOf } from './graph-def'

/** The parts of saved_model.proto and what it holds that a graph of ours uses. */
const schema = protobuf.Root.fromJSON({
  nested: {
    SavedModel: {
      fields: {
        savedModelSchemaVersion: { type: 'int64', id: 1 },
        metaGraphs: { type: 'MetaGraphDef', id: 2, rule: 'repeated' },
      },
    },
    MetaGraphDef: {
      fields: {
        metaInfoDef: { type: 'MetaInfoDef', id: 1 },
        graphDef: { type: 'GraphDef', id: 2 },
      },
    },
    MetaInfoDef: { fields: { tags: { type: 'string', id: 4, rule: 'repeated' } } },
    GraphDef: {
      fields: {
        node: { type: 'NodeDef', id: 1, rule: 'repeated' },
        versions: { type: 'VersionDef', id: 4 },
      },
    },
    VersionDef: { fields: { producer: { type: 'int32', id: 1 } } },
    NodeDef: {
      fields: {
        name: { type: 'string', id: 1 },
        op: { type: 'string', id: 2 },
        input: { type: 'string', id: 3, rule: 'repeated' },
        attr: { keyType: 'string', type: 'AttrValue', id: 5 } as protobuf.IMapField,
      },
    },
    AttrValue: {
      // What a oneof has is written even where it is 0 or false.
      oneofs: { value: { oneof: ['s', 'i', 'f', 'b', 'type', 'shape', 'tensor'] } },
      fields: {
        s: { type: 'bytes', id: 2 },
        i: { type: 'int64', id: 3 },
        f: { type: 'float', id: 4 },
        b: { type: 'bool', id: 5 },
        type: { type: 'DataType', id: 6 },
        shape: { type: 'TensorShapeProto', id: 7 },
        tensor: { type: 'TensorProto', id: 8 },
      },
    },
    DataType: {
      values: {
        ...{
          DT_INVALID: 0,
          DT_FLOAT: 1,
          DT_INT32: 3,
          DT_UINT8: 4,
          DT_BOOL: 10,
          DT_BFLOAT16: 14,
          DT_HALF: 19,
        },
      },
    },
    TensorShapeProto: { fields: { dim: { type: 'Dim', id: 2, rule: 'repeated' } } },
    Dim: { fields: { size: { type: 'int64', id: 1 } } },
    TensorProto: {
      fields: {
        dtype: { type: 'DataType', id: 1 },
        tensorShape: { type: 'TensorShapeProto', id: 2 },
        tensorContent: { type: 'bytes', id: 4 },
      },
    },
  },
})

/** What the graph in a saved model is called. */
export const tag = 'serve'

/** The graph as the bytes of saved_model.pb. */
export function encodeSavedModel({ nodes, constants }: GraphDef): Uint8Array {
  const withValues = nodes.map((node) => {
    const constant = constants.get(node.name)
    if (!constant) return node
    const { shape, values } = constant
    const { dtype } = node.attr as { dtype: { type: string } }
    const value = {
      tensor: {
        dtype: dtype.type,
        tensorShape: shapeOf(shape).shape,
        tensorContent: new Uint8Array(values.buffer, values.byteOffset, values.byteLength),
      },
    }
    return { ...node, attr: { ...node.attr, value } }
  })
  const type = schema.lookupType('SavedModel')
  const model = {
    savedModelSchemaVersion: 1,
    metaGraphs: [
      { metaInfoDef: { tags: [tag] }, graphDef: { node: withValues, versions: { producer: 987 } } },
    ],
  }
  return type.encode(type.fromObject(model)).finish()
}
