import fc from 'fast-check'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { decodeSafetensors, encodeSafetensors, readSafetensors } from './safetensors'

const folder = mkdtempSync(path.join(tmpdir(), 'saim-safetensors-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const bytesOf = (...contents: Parameters<typeof encodeSafetensors>) =>
  Buffer.concat(encodeSafetensors(...contents))
const weights = { a: { shape: [2, 3], values: Float32Array.of(1, 2, 3, 4, 5, 6) } }

/** A file with that header, as it stands, before so many bytes of data. */
function fileOf(header: unknown, data: number): Buffer {
  const json = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header))
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(json.length))
  return Buffer.concat([length, json, Buffer.alloc(data, 1)])
}

it('reads what it wrote', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.array(fc.float({ noNaN: true }))), (lists) => {
      const tensors = Object.fromEntries(
        Object.entries(lists)
          .filter(([name]) => name !== '__metadata__')
          .map(([name, list]) => [name, { shape: [list.length], values: Float32Array.from(list) }]),
      )
      expect(decodeSafetensors(bytesOf(tensors, { step: '3' }))).toEqual({
        tensors,
        metadata: { step: '3' },
      })
    }),
    { examples: [[JSON.parse('{ "__proto__": [1], "a\\"b\\\\": [2] }')]] },
  )
})

it('reads an open file as its bytes, each of which it shows once, in order', async () => {
  const file = path.join(folder, 'a.safetensors')
  const bytes = bytesOf({ ...weights, b: { shape: [2], values: BigInt64Array.of(1n, -1n) } }, { x: 'y' })
  writeFileSync(file, bytes)
  const handle = await open(file)
  const seen: Uint8Array[] = []
  const contents = await readSafetensors(handle, (part) => seen.push(part)).finally(() => handle.close())
  expect(contents).toEqual(decodeSafetensors(bytes))
  expect(Buffer.concat(seen)).toEqual(bytes)
})

it('does not copy what it is given to write', () => {
  expect(encodeSafetensors(weights)[1]!.buffer).toBe(weights.a.values.buffer)
})

it('refuses every torn file', () => {
  const bytes = bytesOf(weights)
  for (let length = 0; length < bytes.length; length++)
    expect(() => decodeSafetensors(bytes.subarray(0, length))).toThrow(/damaged/)
})

it('reads a header of any length, which few writers pad', () => {
  for (const name of ['a', 'ab', 'abc', 'abcd', 'abcde']) {
    const file = fileOf({ [name]: { dtype: 'F64', shape: [1], data_offsets: [0, 8] } }, 8)
    expect(decodeSafetensors(file).tensors[name]!.values).toHaveLength(1)
  }
})

it('reads numbers of 8 and 16 bits', () => {
  const entry = (dtype: string, start: number, end: number) => ({
    dtype,
    shape: [1],
    data_offsets: [start, end],
  })
  const file = fileOf({ a: entry('F8_E4M3', 0, 1), b: entry('F8_E5M2', 1, 2), c: entry('BF16', 2, 4) }, 0)
  const bytes = Buffer.concat([file, Buffer.from([0xb9, 0x3c, 0x40, 0xc0])])
  const { a, b, c } = decodeSafetensors(bytes).tensors
  expect([...a!.values, ...b!.values, ...c!.values]).toEqual([-1.125, 1, -3])
})

describe('refuses, as the reference parser does,', () => {
  const entry = (start: number, end: number, shape = [(end - start) / 4]) => ({
    dtype: 'F32',
    shape,
    data_offsets: [start, end],
  })
  const long = Buffer.alloc(8)
  long.writeBigUInt64LE(100_000_001n)
  it.each<[string, Buffer, RegExp]>([
    ['tensors that overlap', fileOf({ a: entry(0, 8), b: entry(4, 12) }, 12), /b overlaps/],
    ['a thousand names for the same bytes', fileOf({ a: entry(0, 8), b: entry(0, 8) }, 8), /overlaps/],
    ['a hole', fileOf({ a: entry(0, 4), b: entry(8, 12) }, 12), /a hole before b/],
    ['bytes after the last', fileOf({ a: entry(0, 4) }, 8), /belong to no tensor/],
    ['an end before the last', fileOf({ a: entry(0, 8) }, 4), /ends within/],
    ['a size that is not that of the shape', fileOf({ a: entry(0, 8, [3]) }, 8), /does not fit its shape/],
    ['negative sizes', fileOf({ a: entry(0, 8, [-1, -2]) }, 8), /described wrongly/],
    ['sizes beyond all numbers', fileOf({ a: entry(0, 8, [2 ** 52, 2 ** 52]) }, 8), /does not fit/],
    [
      'sizes that are not numbers',
      fileOf('{"a":{"dtype":"F32","shape":["1"],"data_offsets":[0,4]}}', 4),
      /wrongly/,
    ],
    ['an entry that is null', fileOf({ a: null }, 0), /described wrongly/],
    ['offsets that are missing', fileOf({ a: { dtype: 'F32', shape: [1] } }, 4), /described wrongly/],
    ['unknown types', fileOf({ a: { ...entry(0, 4), dtype: 'toString' } }, 4), /does not know/],
    ['metadata that is not text', fileOf({ __metadata__: { a: 1 } }, 0), /metadata/],
    ['a header that is a list', fileOf('[1]', 0), /does not begin with/],
    ['a header after a space', fileOf(' {}', 0), /does not begin with/],
    ['a header that is torn', fileOf('{"a":', 0), /not JSON/],
    ['arrays in arrays without end', fileOf(`{"a":${'['.repeat(1e5)}${']'.repeat(1e5)}}`, 0), /damaged/],
    [
      'a header that is not UTF-8',
      fileOf(Buffer.from('7b22ff223a317d', 'hex').toString('latin1'), 0),
      /damaged/,
    ],
    ['a header too long to be one', Buffer.concat([long, Buffer.alloc(64)]), /longer than any/],
    [
      'a name twice',
      fileOf(`{"a":${JSON.stringify(entry(0, 4))}, "a" :${JSON.stringify(entry(0, 4))}}`, 4),
      /two entries of one name/,
    ],
  ])('%s', (_what, bytes, words) => {
    expect(() => decodeSafetensors(bytes)).toThrow(words)
  })
})
