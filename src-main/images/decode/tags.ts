import type { Source } from './source'

/** Bytes of the types of whole numbers: byte, short, long, these with a sign, and long of BigTIFF. */
const bytesOf: Record<number, number> = { 1: 1, 3: 2, 4: 4, 6: 1, 8: 2, 9: 4, 16: 8 }
/** As many entries and numbers of one as are looked at. */
const entriesLimit = 4096
const numbersLimit = 16

/**
 * The whole numbers in the first directory of a TIFF, a BigTIFF or EXIF data, by tag. Empty where it is none of them.
 * Source: TIFF 6.0, section 2; BigTIFF as libtiff reads it.
 */
export async function readTags({ read }: Source): Promise<Map<number, number[]>> {
  const tags = new Map<number, number[]>()
  const head = await read(0, 16)
  const order = head.toString('latin1', 0, 2)
  if (head.length < 8 || (order !== 'II' && order !== 'MM')) return tags
  const number = (bytes: Buffer, at: number, length: number): number => {
    if (length === 8) return Number(order === 'II' ? bytes.readBigUInt64LE(at) : bytes.readBigUInt64BE(at))
    return order === 'II' ? bytes.readUIntLE(at, length) : bytes.readUIntBE(at, length)
  }
  const big = number(head, 2, 2) === 43
  if (big && head.length < 16) return tags
  // Counts and places are longer in a BigTIFF.
  const [wide, length] = big ? [8, 20] : [4, 12]
  const directory = big ? number(head, 8, 8) : number(head, 4, 4)
  const countBytes = big ? 8 : 2
  const counted = await read(directory, countBytes)
  if (counted.length < countBytes) return tags
  const entries = Math.min(number(counted, 0, countBytes), entriesLimit)
  const table = await read(directory + countBytes, entries * length)
  for (let at = 0; at + length <= table.length; at += length) {
    const each = bytesOf[number(table, at + 2, 2)]
    if (!each) continue
    const numbers = Math.min(number(table, at + 4, wide), numbersLimit)
    const place = at + 4 + wide
    const values =
      numbers * each <= wide
        ? table.subarray(place, place + wide)
        : await read(number(table, place, wide), numbers * each)
    if (numbers > 0 && values.length >= numbers * each)
      tags.set(
        number(table, at, 2),
        Array.from({ length: numbers }, (_, i) => number(values, i * each, each)),
      )
  }
  return tags
}
