import { AppError } from '#shared/errors'
import { fromBfloat16, fromFloat16 } from './halves'

/** https://huggingface.co/docs/safetensors: 8 bytes of header length, JSON header, row-major tensors. */

const types = {
  F32: Float32Array,
  F64: Float64Array,
  I32: Int32Array,
  I64: BigInt64Array,
  U8: Uint8Array,
}
type TypeName = keyof typeof types
/** Read as float32; never written. */
const halves: Record<string, typeof fromFloat16 | undefined> = { F16: fromFloat16, BF16: fromBfloat16 }
type Values = Float32Array | Float64Array | Int32Array | BigInt64Array | Uint8Array

export interface StoredTensor {
  shape: number[]
  values: Values
}

interface HeaderEntry {
  dtype: TypeName
  shape: number[]
  data_offsets: [number, number]
}

/** The bytes of a safetensors file. */
export function encodeSafetensors(
  tensors: Record<string, StoredTensor>,
  metadata: Record<string, string> = {},
): Uint8Array {
  // Without a prototype, so that a tensor of any name is an entry of its own.
  const header: Record<string, HeaderEntry | Record<string, string>> = Object.create(null)
  header['__metadata__'] = metadata
  let end = 0
  for (const [name, { shape, values }] of Object.entries(tensors)) {
    const dtype = (Object.keys(types) as TypeName[]).find((type) => values instanceof types[type])!
    header[name] = { dtype, shape, data_offsets: [end, (end += values.byteLength)] }
  }
  const json = new TextEncoder().encode(JSON.stringify(header))
  const start = 8 + Math.ceil(json.length / 8) * 8
  const bytes = new Uint8Array(start + end).fill(0x20, 0, start)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(start - 8), true)
  bytes.set(json, 8)
  for (const [name, { values }] of Object.entries(tensors))
    bytes.set(
      new Uint8Array(values.buffer, values.byteOffset, values.byteLength),
      start + (header[name] as HeaderEntry).data_offsets[0],
    )
  return bytes
}

/** Tensors and metadata of a safetensors file. Throws AppError checkpoint-corrupt. */
export function decodeSafetensors(bytes: Uint8Array): {
  tensors: Record<string, StoredTensor>
  metadata: Record<string, string>
} {
  const length = bytes.length < 8 ? Infinity : Number(view(bytes).getBigUint64(0, true))
  if (8 + length > bytes.length) throw corrupt('it ends within its header')
  const { __metadata__: metadata = {}, ...entries } = parseHeader(bytes.subarray(8, 8 + length))
  const data = bytes.subarray(8 + length)
  const tensors = Object.entries(entries as Record<string, HeaderEntry>).map(([name, entry]) => [
    name,
    { shape: entry.shape, values: valuesOf(name, entry, data) },
  ])
  return { tensors: Object.fromEntries(tensors), metadata: metadata as Record<string, string> }
}

function parseHeader(bytes: Uint8Array): Record<string, unknown> {
  try {
    return JSON.parse(new TextDecoder().decode(bytes))
  } catch {
    throw corrupt('its header is not JSON')
  }
}

function valuesOf(name: string, { dtype, shape, data_offsets }: HeaderEntry, data: Uint8Array): Values {
  const half = halves[dtype]
  const type = half ? Uint16Array : types[dtype]
  if (!type) throw corrupt(`${name} has the type ${dtype}, which is not read here`)
  const [start, end] = data_offsets
  const size = shape.reduce((a, b) => a * b, 1) * type.BYTES_PER_ELEMENT
  if (!(start >= 0 && end - start === size)) throw corrupt(`the size of ${name} does not fit its shape`)
  if (end > data.length) throw corrupt(`it ends within ${name}`)
  const copy = data.slice(start, end)
  if (half) return half(copy)
  return new types[dtype](copy.buffer, copy.byteOffset, copy.byteLength / type.BYTES_PER_ELEMENT)
}

const view = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)

const corrupt = (what: string) =>
  new AppError('checkpoint-corrupt', `The safetensors file is damaged: ${what}.`, 'Use another checkpoint.')
