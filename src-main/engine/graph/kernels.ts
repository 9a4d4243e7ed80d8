import * as tf from '@tensorflow/tfjs-core'
import { AppError } from '#shared/errors'
import { layerNormKernel } from '#model/tensor/layer-norm'
import { afterKernel } from '#model/tensor/recompute'
import { type Attribute, type DataType, dataTypes, type Op } from './ir'
import type { Tracer } from './tracer'

type Inputs = tf.NamedTensorInfoMap
type Attributes = Record<string, unknown>
export type Emit = (tracer: Tracer, inputs: Inputs, attributes: Attributes) => tf.TensorInfo | tf.TensorInfo[]

const { util, backend_util } = tf

/** For an operation of tfjs that has no form in a graph. */
export const unsupported = (operation: string) =>
  new AppError(
    'unsupported-op',
    `Engines have no form of the operation ${operation}.`,
    'Add it to src-main/engine/graph/kernels.ts, or write the step without it.',
  )

/** An ONNX operator of one input that keeps shape and type. */
const unary =
  (op: Op): Emit =>
  (tracer, inputs) => {
    const x = Object.values(inputs)[0]!
    return one(tracer, op, [tracer.operand(x)], x.shape, x.dtype as DataType)
  }

/** An ONNX operator of two inputs that broadcast. */
const binary =
  (op: Op, dtype?: DataType): Emit =>
  (tracer, { a, b }) => {
    const shape = backend_util.assertAndGetBroadcastShape(a!.shape, b!.shape)
    // Of like operands in the shape that either was made in: tfjs's reshapes then need no nodes.
    const like = util.arraysEqual(a!.shape, b!.shape)
    const made = like ? tracer.plainestShape([a!, b!]) : shape
    const operands = [a!, b!].map((x) => tracer.operand(like ? { ...x, shape: made } : x))
    return { ...one(tracer, op, operands, made, dtype ?? (a!.dtype as DataType)), shape }
  }

/** An ONNX reduction over attributes `axis` (or `reductionIndices`). */
const reduction =
  (op: Op): Emit =>
  (tracer, { x }, { axis, keepDims }) => {
    const axes = util.parseAxisParam(axis as number[], x!.shape)
    const [kept, reduced] = backend_util.computeOutAndReduceShapes(x!.shape, axes)
    const shape = keepDims ? backend_util.expandShapeToKeepDim(kept, axes) : kept
    if (reduced.length === 0) return tracer.tensor(tracer.operand(x!))
    return one(tracer, op, [tracer.operand(x!), tracer.ints(axes)], shape, x!.dtype as DataType, {
      keepdims: { int: keepDims ? 1 : 0 },
    })
  }

/** Adds a node of one output. */
function one(
  tracer: Tracer,
  op: Op,
  inputs: string[],
  shape: readonly number[],
  dtype: DataType,
  attributes: Record<string, Attribute> = {},
  domain: '' | 'com.microsoft' = '',
): tf.TensorInfo {
  return tracer.tensor(tracer.node(op, inputs, [{ shape, dtype }], attributes, domain)[0]!)
}

const scalar = (tracer: Tracer, value: number) => tracer.constant(Float32Array.of(value), [], 'float32')

/** Matrix product over leading batch dimensions that broadcast, either operand transposed. */
function product(
  tracer: Tracer,
  a: tf.TensorInfo,
  b: tf.TensorInfo,
  transposeA: boolean,
  transposeB: boolean,
): tf.TensorInfo {
  const rows = a.shape[a.shape.length - (transposeA ? 1 : 2)]!
  const columns = b.shape[b.shape.length - (transposeB ? 2 : 1)]!
  const batch = backend_util.assertAndGetBroadcastShape(a.shape.slice(0, -2), b.shape.slice(0, -2))
  // A batch of one is a plain product of matrices: without it fewer values need reshaping.
  const plain = util.sizeFromShape(batch) === 1
  const operand = (x: tf.TensorInfo) => tracer.operand(plain ? { ...x, shape: x.shape.slice(-2) } : x)
  const y = one(
    tracer,
    'FusedMatMul',
    [operand(a), operand(b)],
    plain ? [rows, columns] : [...batch, rows, columns],
    'float32',
    { transA: { int: Number(transposeA) }, transB: { int: Number(transposeB) } },
    'com.microsoft',
  )
  return { ...y, shape: [...batch, rows, columns] }
}

/** How each tfjs kernel is recorded. A kernel that is not here gives an error that names it. */
export const kernels: Record<string, Emit> = {
  Add: binary('Add'),
  Sub: binary('Sub'),
  Multiply: binary('Mul'),
  RealDiv: binary('Div'),
  Pow: binary('Pow'),
  Maximum: binary('Max'),
  Minimum: binary('Min'),
  Greater: binary('Greater', 'bool'),
  GreaterEqual: binary('GreaterOrEqual', 'bool'),
  Less: binary('Less', 'bool'),
  LessEqual: binary('LessOrEqual', 'bool'),

  Abs: unary('Abs'),
  Erf: unary('Erf'),
  Exp: unary('Exp'),
  Log: unary('Log'),
  Neg: unary('Neg'),
  Sign: unary('Sign'),
  Sqrt: unary('Sqrt'),
  Rsqrt: (tracer, inputs, attributes) =>
    unary('Reciprocal')(tracer, { x: unary('Sqrt')(tracer, inputs, attributes) as tf.TensorInfo }, {}),
  Square: (tracer, { x }) => binary('Mul')(tracer, { a: x!, b: x! }, {}),
  /** x > 0 ? 1 : alpha. */
  Step: (tracer, { x }, { alpha }) => {
    const positive = tracer.node(
      'Greater',
      [tracer.operand(x!), scalar(tracer, 0)],
      [{ shape: x!.shape, dtype: 'bool' }],
    )
    const choices = [scalar(tracer, 1), scalar(tracer, alpha as number)]
    return one(tracer, 'Where', [...positive, ...choices], x!.shape, 'float32')
  },
  Select: (tracer, { condition, t, e }) =>
    one(
      tracer,
      'Where',
      [condition!, t!, e!].map((x) => tracer.operand(x)),
      t!.shape,
      t!.dtype as DataType,
    ),
  AddN: (tracer, inputs) => {
    const terms = Object.values(inputs) as tf.TensorInfo[]
    return one(
      tracer,
      'Sum',
      terms.map((x) => tracer.operand(x)),
      terms[0]!.shape,
      terms[0]!.dtype as DataType,
    )
  },

  Sum: reduction('ReduceSum'),
  Mean: reduction('ReduceMean'),
  Max: (tracer, { x }, { reductionIndices, keepDims }) =>
    reduction('ReduceMax')(tracer, { x: x! }, { axis: reductionIndices, keepDims }),
  Softmax: (tracer, { logits }, { dim }) =>
    one(tracer, 'Softmax', [tracer.operand(logits!)], logits!.shape, 'float32', {
      axis: { int: dim as number },
    }),
  TopK: (tracer, { x }, { k }) => {
    const shape = [...x!.shape.slice(0, -1), k as number]
    const dtype = x!.dtype as DataType
    const [values, indices] = tracer.node(
      'TopK',
      [tracer.operand(x!), tracer.ints([k as number])],
      [
        { shape, dtype },
        { shape, dtype: 'int64' },
      ],
    )
    return [
      tracer.tensor(values!),
      one(tracer, 'Cast', [indices!], shape, 'int32', { to: { int: dataTypes.int32 } }),
    ]
  },

  BatchMatMul: (tracer, { a, b }, { transposeA, transposeB }) =>
    product(tracer, a!, b!, Boolean(transposeA), Boolean(transposeB)),
  /**
   * Only the linear layer's form: one matrix product with a bias for each column. Not a Gemm, which onnxruntime
   * begins by copying the bias into every row with one thread: product and sum take two thirds of its time.
   */
  _FusedMatMul: (tracer, { a, b, bias }, { transposeA, transposeB, activation }) => {
    if (a!.shape[0] !== 1 || b!.shape[0] !== 1 || activation !== 'linear')
      throw unsupported('_FusedMatMul of batches or with an activation')
    const y = product(tracer, a!, b!, Boolean(transposeA), Boolean(transposeB))
    const rows = { ...y, shape: y.shape.slice(1) }
    const sum = bias ? (binary('Add')(tracer, { a: rows, b: bias }, {}) as tf.TensorInfo) : rows
    return { ...sum, shape: y.shape }
  },

  Reshape: (_tracer, { x }, { shape }) => ({
    ...x!,
    shape: util.inferFromImplicitShape(shape as number[], util.sizeFromShape(x!.shape)),
  }),
  ExpandDims: (_tracer, { input }, { dim }) => {
    const shape = [...input!.shape]
    const axis = dim as number
    shape.splice(axis < 0 ? shape.length + 1 + axis : axis, 0, 1)
    return { ...input!, shape }
  },
  Identity: (_tracer, { x }) => ({ ...x! }),
  Cast: (tracer, { x }, { dtype }) =>
    x!.dtype === dtype
      ? { ...x! }
      : one(tracer, 'Cast', [tracer.operand(x!)], x!.shape, dtype as DataType, {
          to: { int: dataTypes[dtype as DataType] },
        }),
  Transpose: (tracer, { x }, { perm }) => {
    const order = perm as number[]
    const shape = order.map((axis) => x!.shape[axis]!)
    const moved = order.filter((axis) => x!.shape[axis]! > 1)
    if (moved.every((axis, i) => i === 0 || axis > moved[i - 1]!)) return { ...x!, shape }
    return one(tracer, 'Transpose', [tracer.operand(x!)], shape, x!.dtype as DataType, {
      perm: { ints: order },
    })
  },
  Tile: (tracer, { x }, { reps }) => {
    const repeats = reps as number[]
    const shape = x!.shape.map((size, i) => size * repeats[i]!)
    return one(tracer, 'Tile', [tracer.operand(x!), tracer.ints(repeats)], shape, x!.dtype as DataType)
  },
  Concat: (tracer, inputs, { axis }) => {
    const parts = Object.values(inputs) as tf.TensorInfo[]
    const dimension = util.parseAxisParam(axis as number, parts[0]!.shape)[0]!
    const shape = backend_util.computeOutShape(
      parts.map((x) => x.shape),
      dimension,
    )
    const operands = parts.map((x) => tracer.operand(x))
    return one(tracer, 'Concat', operands, shape, parts[0]!.dtype as DataType, { axis: { int: dimension } })
  },
  Slice: (tracer, { x }, { begin, size }) => {
    const [starts, sizes] = tf.slice_util.parseSliceParams(
      x as tf.Tensor,
      begin as number[],
      size as number[],
    ) as [number[], number[]]
    const ends = starts.map((start, i) => start + sizes[i]!)
    const cut = starts.map((_, i) => i).filter((i) => sizes[i] !== x!.shape[i])
    if (cut.length === 0) return { ...x! }
    const along = (values: number[]) => tracer.ints(cut.map((i) => values[i]!))
    const operands = [tracer.operand(x!), along(starts), along(ends), tracer.ints(cut)]
    return one(tracer, 'Slice', operands, sizes, x!.dtype as DataType)
  },
  /** As slices, so that parts that nothing reads are not computed. */
  SplitV: (tracer, { x }, { numOrSizeSplits, axis }) => {
    const dimension = util.parseAxisParam(axis as number, x!.shape)[0]!
    const sizes = backend_util.prepareSplitSize(x as tf.Tensor, numOrSizeSplits as number[], dimension)
    const begin = x!.shape.map(() => 0)
    return sizes.map((part) => {
      const size = [...x!.shape]
      size[dimension] = part
      const piece = kernels['Slice']!(tracer, { x: x! }, { begin: [...begin], size }) as tf.TensorInfo
      begin[dimension]! += part
      return piece
    })
  },
  PadV2: (tracer, { x }, { paddings, constantValue }) => {
    const pads = paddings as [number, number][]
    const shape = x!.shape.map((size, i) => size + pads[i]![0] + pads[i]![1])
    const amounts = tracer.ints([...pads.map((p) => p[0]), ...pads.map((p) => p[1])])
    const filling = scalar(tracer, constantValue as number)
    return one(tracer, 'Pad', [tracer.operand(x!), amounts, filling], shape, x!.dtype as DataType)
  },
  GatherV2: (tracer, { x, indices }, { axis, batchDims }) => {
    if (batchDims) throw unsupported('GatherV2 of batches')
    const dimension = util.parseAxisParam(axis as number, x!.shape)[0]!
    const shape = [...x!.shape.slice(0, dimension), ...indices!.shape, ...x!.shape.slice(dimension + 1)]
    return one(
      tracer,
      'Gather',
      [tracer.operand(x!), tracer.operand(indices!)],
      shape,
      x!.dtype as DataType,
      {
        axis: { int: dimension },
      },
    )
  },
  ZerosLike: (tracer, { x }) => filled(tracer, x!.shape, 0, x!.dtype),
  OnesLike: (tracer, { x }) => filled(tracer, x!.shape, 1, x!.dtype),
  Fill: (tracer, _inputs, { shape, value, dtype }) =>
    filled(tracer, shape as number[], value as number, (dtype as tf.DataType | undefined) ?? 'float32'),

  [layerNormKernel]: (tracer, { x, gain, bias }, { epsilon }) => {
    const [rows, width] = x!.shape as [number, number]
    const statistic = { shape: [rows, 1], dtype: 'float32' as const }
    return tracer
      .node(
        'LayerNormalization',
        [x!, gain!, bias!].map((t) => tracer.operand(t)),
        [{ shape: [rows, width], dtype: 'float32' }, statistic, statistic],
        { axis: { int: -1 }, epsilon: { float: epsilon as number } },
      )
      .map((name) => tracer.tensor(name))
  },
  /** x + 0 (a + b ..), of the first value of each other tensor: a dependence that no optimiser sees through. */
  [afterKernel]: (tracer, { x, ...others }) => {
    const firsts = Object.values(others).map((other) => {
      const ends = other!.shape.map(() => 1)
      const first = kernels['Slice']!(tracer, { x: other! }, { begin: ends.map(() => 0), size: ends })
      return { ...(first as tf.TensorInfo), shape: [1] }
    })
    const sum = kernels['AddN']!(tracer, Object.fromEntries(firsts.entries()), {}) as tf.TensorInfo
    const nothing = one(tracer, 'Mul', [tracer.operand(sum), scalar(tracer, 0)], [1], 'float32')
    return [binary('Add')(tracer, { a: x!, b: nothing }, {}) as tf.TensorInfo]
  },
}

function filled(tracer: Tracer, shape: number[], value: number, dtype: tf.DataType): tf.TensorInfo {
  const size = util.sizeFromShape(shape)
  const values = dtype === 'float32' ? new Float32Array(size).fill(value) : new Int32Array(size).fill(value)
  return tracer.tensor(tracer.constant(values, shape, dtype as DataType))
}
