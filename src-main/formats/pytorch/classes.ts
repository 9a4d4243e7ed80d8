import { fromBfloat16, fromFloat16, fromFloat8E4m3, fromFloat8E5m2 } from '#formats/floats'
import { type Constructor, PickledObject, unreadable, type Value } from './unpickle'

/** What the Python classes and functions that a file of weights names stand for here. */

/** How numbers of a type are kept. */
interface NumberType {
  bytes: number
  /** Null for whole and complex numbers, which no weight is. */
  read: ((bytes: Uint8Array) => Float32Array | Float64Array) | null
}

/** The numbers that one or several tensors are views of. */
class Storage {
  constructor(
    readonly type: NumberType,
    readonly key: string,
  ) {}
}

/** A tensor as the pickle describes it: a view of a storage whose numbers are of its type. */
export class View {
  constructor(
    readonly key: string,
    readonly type: NumberType,
    readonly offset: number,
    readonly shape: number[],
    readonly strides: number[],
  ) {}
}

const other = (bytes: number): NumberType => ({ bytes, read: null })
const float32: NumberType = { bytes: 4, read: (bytes) => new Float32Array(new Uint8Array(bytes).buffer) }
const float64: NumberType = { bytes: 8, read: (bytes) => new Float64Array(new Uint8Array(bytes).buffer) }
const float16: NumberType = { bytes: 2, read: fromFloat16 }
const bfloat16: NumberType = { bytes: 2, read: fromBfloat16 }

const storages: Record<string, NumberType> = {
  ...{ FloatStorage: float32, DoubleStorage: float64, HalfStorage: float16, BFloat16Storage: bfloat16 },
  ...{ LongStorage: other(8), IntStorage: other(4), ShortStorage: other(2), CharStorage: other(1) },
  ...{ ByteStorage: other(1), BoolStorage: other(1) },
  ...{ ComplexFloatStorage: other(8), ComplexDoubleStorage: other(16) },
}

const dtypes: Record<string, NumberType> = {
  ...{ float32, float64, float16, bfloat16 },
  float8_e4m3fn: { bytes: 1, read: fromFloat8E4m3 },
  float8_e5m2: { bytes: 1, read: fromFloat8E5m2 },
  ...{ float8_e4m3fnuz: other(1), float8_e5m2fnuz: other(1), float8_e8m0fnu: other(1) },
  ...{ int64: other(8), int32: other(4), int16: other(2), int8: other(1), bool: other(1) },
  ...{ uint64: other(8), uint32: other(4), uint16: other(2), uint8: other(1) },
  ...{ complex32: other(4), complex64: other(8), complex128: other(16) },
}

const isCount = (value: Value | undefined): value is number =>
  Number.isSafeInteger(value) && Number(value) >= 0
const areCounts = (value: Value | undefined): value is number[] =>
  Array.isArray(value) && value.every(isCount)

function view(storage: Value | undefined, type: NumberType | undefined, place: Value[]): View {
  const [offset, shape, strides] = place
  if (!(storage instanceof Storage && type && isCount(offset) && areCounts(shape) && areCounts(strides)))
    throw unreadable('a tensor in it is described wrongly')
  if (shape.length !== strides.length) throw unreadable('a tensor in it is described wrongly')
  return new View(storage.key, type, offset, shape, strides)
}

const rebuildTensor: Constructor = ([storage, ...place]) =>
  view(storage, storage instanceof Storage ? storage.type : undefined, place)

/** Of a storage without a type; that of the numbers comes after the view, the hooks and whether it is trained. */
const rebuildTypedTensor: Constructor = ([storage, offset, shape, strides, , , dtype]) =>
  view(storage, typeOf.get(dtype!), [offset!, shape!, strides!])

const called: Constructor = ([work, , parameters]) => {
  if (typeof work !== 'function' || !Array.isArray(parameters))
    throw unreadable('a tensor in it is described wrongly')
  return (work as Constructor)(parameters)
}

/** Classes whose objects stand in checkpoints beside the weights: settings, counters, random states. */
const inert: RegExp[] = [
  /^(argparse\.Namespace|types\.SimpleNamespace|collections\.(Counter|deque)|_codecs\.encode)$/,
  /^(builtins|__builtin__)\.(bool|int|long|float|complex|str|unicode|bytes|bytearray|list|tuple|dict|set|frozenset|object|slice|x?range)$/,
  /^pathlib\.(_local\.)?(Pure)?(Posix|Windows)?Path$/,
  /^(datetime\.\w+|decimal\.Decimal|uuid\.UUID|typing\.\w+)$/,
  /^torch\.(device|Size|Tensor|nn\.parameter\.(Parameter|Buffer))$/,
  /^numpy\.(dtype|ndarray|_?core\.(multiarray|numeric|numerictypes)\.\w+|dtypes\.\w+|random\.[\w.]+)$/,
  /^numpy\.(bool_?|str_|u?int\d+|u?longlong|float\d+|complex\d+)$/,
  /^(omegaconf|easydict|addict|yacs|ml_collections)\.[\w.]+$/,
]

const constructors = new Map<string, Constructor>([
  ['collections.OrderedDict', ([pairs]) => new Map((pairs ?? []) as [Value, Value][])],
  ['collections.defaultdict', () => new Map()],
  ['torch._utils._rebuild_tensor', rebuildTensor],
  ['torch._utils._rebuild_tensor_v2', rebuildTensor],
  ['torch._utils._rebuild_tensor_v3', rebuildTypedTensor],
  ['torch._utils._rebuild_parameter', ([tensor]) => tensor!],
  ['torch._utils._rebuild_parameter_with_state', ([tensor]) => tensor!],
  ['torch._tensor._rebuild_from_type_v2', called],
])
const typeOf = new Map<Value, NumberType>()
function declare(name: string, type: NumberType): void {
  const constructor: Constructor = () => null
  typeOf.set(constructor, type)
  constructors.set(name, constructor)
}
for (const [name, type] of Object.entries(storages)) declare(`torch.${name}`, type)
for (const [name, type] of Object.entries(dtypes)) declare(`torch.${name}`, type)
declare('torch.storage.UntypedStorage', other(1))

/** What stands for the Python object of that name, as in `collections.OrderedDict`; nothing where no file of weights needs it. */
export const constructorOf = (name: string): Constructor | undefined =>
  constructors.get(name) ??
  (inert.some((pattern) => pattern.test(name)) ? (from) => new PickledObject(name, from) : undefined)

/** ('storage', class, key, device, size, view of another storage or None) -> Storage. Throws AppError weights-unreadable. */
export function storageOf(id: Value): Storage {
  const [kind, constructor, key, , , view] = Array.isArray(id) ? id : []
  const type = typeOf.get(constructor!)
  if (kind !== 'storage' || !type || typeof key !== 'string' || (view ?? null) !== null)
    throw unreadable('it keeps values of an unknown kind')
  return new Storage(type, key)
}
export type { Storage }
