import type { FileHandle } from 'node:fs/promises'
import { bytesOfValues, readAt } from './bytes'
import { fromBfloat16, fromFloat16, fromFloat8E4m3, fromFloat8E5m2 } from './floats'
import {
  corrupt,
  type Header,
  type HeaderEntry,
  headerLength,
  inOrder,
  lengthBytes,
  parseHeader,
} from './safetensors-header'

/** https://huggingface.co/docs/safetensors: 8 bytes of header length, JSON header, row-major tensors. */

const written = {
  F32: Float32Array,
  F64: Float64Array,
  I32: Int32Array,
  I64: BigInt64Array,
  U8: Uint8Array,
}
type Values = Float32Array | Float64Array | Int32Array | BigInt64Array | Uint8Array

/** Read as float32; never written. */
const floats: Record<string, ((bytes: Uint8Array) => Float32Array) | undefined> = {
  F16: fromFloat16,
  BF16: fromBfloat16,
  F8_E4M3: fromFloat8E4m3,
  F8_E5M2: fromFloat8E5m2,
}

export interface StoredTensor {
  shape: number[]
  values: Values
}

export interface SafetensorsContents {
  tensors: Record<string, StoredTensor>
  metadata: Record<string, string>
}

/** Whether values of the type are numbers with a fraction, which weights are. */
export const isFloatType = (dtype: string) => dtype === 'F32' || dtype === 'F64' || dtype in floats

/** The bytes of a safetensors file, part after part: its header, then the memory of the tensors themselves, not copied. */
export function encodeSafetensors(
  tensors: Record<string, StoredTensor>,
  metadata: Record<string, string> = {},
): Uint8Array[] {
  // Without a prototype, so that a tensor of any name is an entry of its own.
  const header: Record<string, unknown> = Object.create(null)
  header['__metadata__'] = metadata
  let end = 0
  for (const [name, { shape, values }] of Object.entries(tensors)) {
    const dtype = (Object.keys(written) as (keyof typeof written)[]).find(
      (type) => values instanceof written[type],
    )!
    header[name] = { dtype, shape, data_offsets: [end, (end += values.byteLength)] }
  }
  const json = new TextEncoder().encode(JSON.stringify(header))
  const start = new Uint8Array(lengthBytes + Math.ceil(json.length / 8) * 8).fill(0x20)
  new DataView(start.buffer).setBigUint64(0, BigInt(start.length - lengthBytes), true)
  start.set(json, lengthBytes)
  return [start, ...Object.values(tensors).map(({ values }) => bytesOfValues(values))]
}

/** Tensors and metadata of a safetensors file in memory. Throws AppError checkpoint-corrupt. */
export function decodeSafetensors(bytes: Uint8Array): SafetensorsContents {
  const start = lengthBytes + headerLength(bytes, bytes.length)
  const { entries, metadata } = parseHeader(bytes.subarray(lengthBytes, start), bytes.length - start)
  const tensors = [...entries].map(([name, entry]) => [
    name,
    tensorOf(name, entry, new Uint8Array(bytes.subarray(start + entry.start, start + entry.end))),
  ])
  return { tensors: Object.fromEntries(tensors), metadata }
}

/**
 * Tensors and metadata of an open safetensors file of any size, no byte of which is in memory twice. `onBytes` is given all
 * bytes of the file in order. Throws AppError checkpoint-corrupt.
 */
export async function readSafetensors(
  handle: FileHandle,
  onBytes: (bytes: Uint8Array) => void = () => undefined,
): Promise<SafetensorsContents> {
  const { entries, metadata, start } = await readSafetensorsHeader(handle, onBytes)
  const found = new Map<string, StoredTensor>()
  for (const [name, entry] of inOrder(entries)) {
    const bytes = await readEntry(handle, entry, start)
    onBytes(bytes)
    found.set(name, tensorOf(name, entry, bytes))
  }
  const tensors = [...entries.keys()].map((name) => [name, found.get(name)!])
  return { tensors: Object.fromEntries(tensors), metadata }
}

/** The header of an open safetensors file, and where its tensors begin. Throws AppError checkpoint-corrupt. */
export async function readSafetensorsHeader(
  handle: FileHandle,
  onBytes: (bytes: Uint8Array) => void = () => undefined,
): Promise<Header & { start: number }> {
  const { size } = await handle.stat()
  const first = await readBytes(handle, Math.min(lengthBytes, size), 0)
  const header = await readBytes(handle, headerLength(first, size), lengthBytes)
  onBytes(first)
  onBytes(header)
  const start = lengthBytes + header.length
  return { ...parseHeader(header, size - start), start }
}

/** The bytes of a tensor of an open file whose tensors begin at `start`. */
export const readEntry = (handle: FileHandle, entry: HeaderEntry, start: number): Promise<Uint8Array> =>
  readBytes(handle, entry.end - entry.start, start + entry.start)

async function readBytes(handle: FileHandle, length: number, place: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length)
  if ((await readAt(handle, bytes, place)) < length) throw corrupt('it ends too early')
  return bytes
}

/** What the bytes of a tensor mean, which begin in memory of their own. */
export function tensorOf(name: string, { dtype, shape }: HeaderEntry, bytes: Uint8Array): StoredTensor {
  const float = floats[dtype]
  if (float) return { shape, values: float(bytes) }
  if (!(dtype in written)) throw corrupt(`${name} has the type ${dtype}, which is not read here`)
  return { shape, values: new written[dtype as keyof typeof written](bytes.buffer as ArrayBuffer) }
}
