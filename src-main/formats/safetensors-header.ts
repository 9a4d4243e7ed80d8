import { AppError } from '#shared/errors'

/** How a safetensors file begins: 8 bytes of the header's length, then the header, which is JSON. */

/** A tensor as the header describes it; its bytes are counted from the header's end. */
export interface HeaderEntry {
  dtype: string
  shape: number[]
  start: number
  end: number
}

export interface Header {
  entries: Map<string, HeaderEntry>
  metadata: Record<string, string>
}

/** Bits of a value of each type (safetensors 0.6, src/tensor.rs). */
const bits: Record<string, number> = {
  ...{ BOOL: 8, U8: 8, I8: 8, U16: 16, I16: 16, U32: 32, I32: 32, U64: 64, I64: 64 },
  ...{ F4: 4, F6_E2M3: 6, F6_E3M2: 6, F8_E8M0: 8, F8_E4M3: 8, F8_E5M2: 8 },
  ...{ F16: 16, BF16: 16, F32: 32, F64: 64, C64: 64 },
}

/** The reference parser reads no longer header. */
const longestHeader = 100_000_000

export const lengthBytes = 8

/**
 * The bytes of the header, told by the first 8 of a file of `size` bytes. Throws AppError checkpoint-corrupt where it is not
 * there or longer than any header.
 */
export function headerLength(first: Uint8Array, size: number): number {
  if (size < lengthBytes || first.length < lengthBytes) throw corrupt('it ends within its header')
  const length = new DataView(first.buffer, first.byteOffset).getBigUint64(0, true)
  if (length > longestHeader) throw corrupt('its header is longer than any header is')
  if (lengthBytes + Number(length) > size) throw corrupt('it ends within its header')
  return Number(length)
}

/**
 * The header of a file whose tensors are `dataBytes` long together. Refuses what the reference parser refuses, so that
 * tensors lie one after another and hold all of the data. Throws AppError checkpoint-corrupt.
 */
export function parseHeader(bytes: Uint8Array, dataBytes: number): Header {
  const { __metadata__: metadata = {}, ...described } = jsonOf(bytes)
  if (!isRecord(metadata) || Object.values(metadata).some((value) => typeof value !== 'string'))
    throw corrupt('its metadata is not text')
  const entries = new Map(Object.entries(described).map(([name, entry]) => [name, entryOf(name, entry)]))
  let place = 0
  for (const [name, { start, end }] of inOrder(entries)) {
    if (start !== place)
      throw corrupt(start < place ? `${name} overlaps another tensor` : `there is a hole before ${name}`)
    place = end
  }
  if (place > dataBytes) throw corrupt('it ends within its tensors')
  if (place < dataBytes) throw corrupt('bytes follow that belong to no tensor')
  return { entries, metadata: metadata as Record<string, string> }
}

/** The tensors as they follow one another in the file. */
export const inOrder = (entries: Map<string, HeaderEntry>) =>
  [...entries].sort(([, a], [, b]) => a.start - b.start || a.end - b.end)

function jsonOf(bytes: Uint8Array): Record<string, unknown> {
  if (bytes[0] !== 0x7b) throw corrupt('its header does not begin with {')
  let header: Record<string, unknown>
  let isUnique: boolean
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    header = JSON.parse(text)
    isUnique = keysSpelled(text) === keysKept(header)
  } catch {
    throw corrupt('its header is not JSON that can be read')
  }
  if (!isUnique) throw corrupt('its header has two entries of one name')
  return header
}

function entryOf(name: string, entry: unknown): HeaderEntry {
  const { dtype, shape, data_offsets: offsets } = isRecord(entry) ? entry : {}
  if (typeof dtype !== 'string' || !areCounts(shape) || !areCounts(offsets) || offsets.length !== 2)
    throw corrupt(`${name} is described wrongly`)
  if (!Object.hasOwn(bits, dtype))
    throw corrupt(`${name} has the type ${dtype}, which safetensors does not know`)
  const [start, end] = offsets as [number, number]
  const size = (shape.reduce((a, b) => a * b, 1) * bits[dtype]!) / 8
  if (end - start !== size) throw corrupt(`the size of ${name} does not fit its shape`)
  return { dtype, shape, start, end }
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const areCounts = (value: unknown): value is number[] =>
  Array.isArray(value) && value.every((n) => Number.isSafeInteger(n) && n >= 0)

/** How many keys a JSON text spells out: one that stands there twice counts twice. */
function keysSpelled(json: string): number {
  let keys = 0
  for (let start = json.indexOf('"'); start >= 0;) {
    let end = json.indexOf('"', start + 1)
    while (isEscaped(json, end)) end = json.indexOf('"', end + 1)
    let next = end + 1
    while (' \t\r\n'.includes(json[next]!)) next++
    if (json[next] === ':') keys++
    start = json.indexOf('"', next)
  }
  return keys
}

function isEscaped(json: string, at: number): boolean {
  let slashes = 0
  while (json[at - 1 - slashes] === '\\') slashes++
  return slashes % 2 === 1
}

/** How many keys are left in what was parsed. */
function keysKept(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0
  const own = Array.isArray(value) ? 0 : Object.keys(value).length
  return Object.values(value).reduce((sum: number, inner) => sum + keysKept(inner), own)
}

export const corrupt = (what: string) =>
  new AppError('checkpoint-corrupt', `The safetensors file is damaged: ${what}.`, 'Use another file.')
