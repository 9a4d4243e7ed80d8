import { expect, it } from 'vitest'
import { inMemory } from './source'
import { readTags } from './tags'

/** A TIFF of one entry: tag, type, how many numbers, and the four bytes that hold them or say where they are. */
function tiffOf(tag: number, type: number, numbers: number, value: Buffer): Buffer {
  const bytes = Buffer.alloc(22)
  bytes.write('II*\0', 'latin1')
  bytes.writeUInt32LE(8, 4)
  bytes.writeUInt16LE(1, 8)
  bytes.writeUInt16LE(tag, 10)
  bytes.writeUInt16LE(type, 12)
  bytes.writeUInt32LE(numbers, 14)
  value.copy(bytes, 18)
  return bytes
}
const read = (...entry: Parameters<typeof tiffOf>) => readTags(inMemory(tiffOf(...entry)))

it.each([
  ['short', 3],
  ['long', 4],
  ['signed short', 8],
  ['signed long', 9],
])('a number is read that is a %s', async (_, type) => {
  expect(await read(274, type, 1, Buffer.of(6, 0, 0, 0))).toEqual(new Map([[274, [6]]]))
})

it('a tag without numbers is none', async () => {
  expect(await read(258, 3, 0, Buffer.alloc(4))).toEqual(new Map())
})

it('a tag whose numbers lie behind the end is none', async () => {
  expect(await read(258, 3, 9, Buffer.of(20, 0, 0, 0))).toEqual(new Map())
})
