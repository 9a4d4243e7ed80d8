import { open, readFile } from 'node:fs/promises'
import { buffer } from 'node:stream/consumers'
import { type Entry, openPromise } from 'yauzl'
import { fromBfloat16, fromFloat16 } from '#formats/halves'
import { sizeOf } from '#model/tensor/step'
import type { FloatTensor, FloatTensors } from '#formats/tensors'
import { type Constructor, PickledObject, unpickle, unreadable, type Value } from './unpickle'

/** The numbers that one or several tensors are views of. */
class Storage {
  constructor(
    readonly type: StorageType,
    readonly key: string,
  ) {}
}

/** A tensor as the pickle describes it. */
class View {
  constructor(
    readonly storage: Storage,
    readonly offset: number,
    readonly shape: number[],
    readonly strides: number[],
  ) {}
}

interface StorageType {
  bytes: number
  /** Null for whole numbers, which no weight is. */
  read: ((bytes: Uint8Array) => Float32Array | Float64Array) | null
}

const whole = (bytes: number): StorageType => ({ bytes, read: null })
const storages: Record<string, StorageType> = {
  FloatStorage: { bytes: 4, read: (bytes) => new Float32Array(new Uint8Array(bytes).buffer) },
  DoubleStorage: { bytes: 8, read: (bytes) => new Float64Array(new Uint8Array(bytes).buffer) },
  HalfStorage: { bytes: 2, read: fromFloat16 },
  BFloat16Storage: { bytes: 2, read: fromBfloat16 },
  LongStorage: whole(8),
  IntStorage: whole(4),
  ShortStorage: whole(2),
  CharStorage: whole(1),
  ByteStorage: whole(1),
  BoolStorage: whole(1),
}

/** Classes whose objects stand in checkpoints beside the weights: settings, counters, random states. */
const inert = [
  'argparse.Namespace',
  'collections.defaultdict',
  'torch.device',
  'torch.Size',
  'torch.float16',
  'torch.float32',
  'torch.bfloat16',
  'numpy.dtype',
  'numpy.core.multiarray.scalar',
  'numpy._core.multiarray.scalar',
  '_codecs.encode',
  'pathlib.PosixPath',
  'pathlib.WindowsPath',
]

const rebuildTensor: Constructor = ([storage, offset, shape, strides]) => {
  const numbers = (value: Value) => Array.isArray(value) && value.every((n) => Number.isSafeInteger(n))
  if (!(storage instanceof Storage && numbers([offset!]) && numbers(shape!) && numbers(strides!)))
    throw unreadable('a tensor in it is described wrongly')
  return new View(storage, offset as number, shape as number[], strides as number[])
}

const storageClasses = new Map<Value, StorageType>()
const constructors: Record<string, Constructor> = {
  'collections.OrderedDict': ([pairs]) => new Map((pairs ?? []) as [Value, Value][]),
  'torch._utils._rebuild_tensor_v2': rebuildTensor,
  'torch._utils._rebuild_parameter': ([tensor]) => tensor!,
  ...Object.fromEntries(
    inert.map((name) => [name, (parameters: Value[]) => new PickledObject(name, parameters)]),
  ),
}
for (const [name, type] of Object.entries(storages)) {
  const constructor: Constructor = () => null
  storageClasses.set(constructor, type)
  constructors[`torch.${name}`] = constructor
}

/** ('storage', class, key, device, size) -> Storage. */
function storageOf(id: Value): Storage {
  const [kind, constructor, key] = Array.isArray(id) ? id : []
  const type = storageClasses.get(constructor!)
  if (kind !== 'storage' || !type) throw unreadable('it keeps values of an unknown kind')
  return new Storage(type, String(key))
}

/**
 * The weights of a .pth file by their names: of 'model' or 'state_dict' where the file is a training checkpoint. Only
 * their values are read, not those of the optimizer. Nothing in the file is run. Throws AppError weights-unreadable.
 */
export async function readPth(file: string): Promise<FloatTensors> {
  const handle = await open(file)
  const { buffer: start } = await handle.read(Buffer.alloc(4), 0, 4, 0)
  await handle.close()
  if (start.toString('latin1') === 'PK\x03\x04') return readZip(file)
  if (start[0] === 0x80) return readLegacy(await readFile(file))
  throw unreadable('it is no PyTorch file')
}

async function readZip(file: string): Promise<FloatTensors> {
  const zip = await openPromise(file, { lazyEntries: true, autoClose: false }).catch((error) => {
    throw unreadable(`its archive is damaged (${error.message})`)
  })
  try {
    const entries = new Map<string, Entry>()
    for await (const entry of zip.eachEntry()) entries.set(entry.fileName.replace(/^[^/]*\//, ''), entry)
    const read = async (name: string) => {
      const entry = entries.get(name)
      if (!entry) throw unreadable(`its archive holds no ${name}`)
      return buffer(await zip.openReadStreamPromise(entry))
    }
    const order = entries.has('byteorder') ? (await read('byteorder')).toString() : 'little'
    if (order !== 'little') throw unreadable('it was written by a big-endian machine')
    const { value } = unpickle(await read('data.pkl'), constructors, storageOf)
    return await tensorsOf(weightsIn(value), (key) => read(`data/${key}`))
  } finally {
    zip.close()
  }
}

/**
 * The format before PyTorch 1.6: pickles of a magic number, a version, the machine, the object and the storages' keys;
 * then the storages, each with its size before it.
 */
async function readLegacy(bytes: Uint8Array): Promise<FloatTensors> {
  const types = new Map<string, StorageType>()
  const remember = (id: Value) => {
    const storage = storageOf(id)
    types.set(storage.key, storage.type)
    return storage
  }
  let place = 0
  const next = () => {
    const { value, end } = unpickle(bytes, constructors, remember, place)
    place = end
    return value
  }
  next() // magic number
  next() // version
  next() // machine
  const value = next()
  const keys = next() as Value[]
  const found = new Map<string, Uint8Array>()
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  for (const key of Array.isArray(keys) ? keys.map(String) : []) {
    if (place + 8 > bytes.length) throw unreadable('it ends too early')
    const length = Number(view.getBigUint64(place, true)) * (types.get(key)?.bytes ?? 0)
    found.set(key, bytes.subarray(place + 8, place + 8 + length))
    place += 8 + length
  }
  return tensorsOf(weightsIn(value), (key) => Promise.resolve(found.get(key) ?? new Uint8Array()))
}

/** The state_dict in what the file holds. */
function weightsIn(value: Value): Map<Value, Value> {
  const inside = value instanceof Map ? (value.get('model') ?? value.get('state_dict') ?? value) : null
  if (!(inside instanceof Map)) throw unreadable('it holds no weights by name')
  return inside
}

async function tensorsOf(
  weights: Map<Value, Value>,
  read: (key: string) => Promise<Uint8Array>,
): Promise<FloatTensors> {
  const tensors: FloatTensors = {}
  const values = new Map<string, Float32Array | Float64Array>()
  for (const [name, view] of weights) {
    if (!(view instanceof View) || !view.storage.type.read) continue
    const { key, type } = view.storage
    if (!values.has(key)) {
      const bytes = await read(key)
      if (bytes.length % type.bytes) throw unreadable(`the values of ${String(name)} are torn`)
      values.set(key, type.read!(bytes))
    }
    tensors[String(name)] = tensorOf(String(name), view, values.get(key)!)
  }
  return tensors
}

/** Copies what a tensor sees of its storage, row by row. */
function tensorOf(
  name: string,
  { offset, shape, strides }: View,
  from: Float32Array | Float64Array,
): FloatTensor {
  const last = shape.reduce((end, size, axis) => end + (size - 1) * strides[axis]!, offset)
  const size = sizeOf(shape)
  if (size > 0 && !(offset >= 0 && strides.every((step) => step >= 0) && last < from.length))
    throw unreadable(`the values of ${name} are missing`)
  if (isRowMajor(shape, strides))
    return { shape, values: new Float32Array(from.subarray(offset, offset + size)) }
  const values = new Float32Array(size)
  const place = shape.map(() => 0)
  for (let i = 0, at = offset; i < size; i++) {
    values[i] = from[at]!
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      at += strides[axis]!
      if (++place[axis]! < shape[axis]!) break
      at -= strides[axis]! * shape[axis]!
      place[axis] = 0
    }
  }
  return { shape, values }
}

const isRowMajor = (shape: number[], strides: number[]) =>
  strides.every((step, axis) => shape[axis] === 1 || step === sizeOf(shape.slice(axis + 1)))
