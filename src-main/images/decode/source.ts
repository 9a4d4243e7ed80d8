import { constants } from 'node:fs'
import { open, stat } from 'node:fs/promises'
import { mayRead } from '#platform/roots'
import { refusals, UnreadableImage } from './refusals'

/** Larger files are refused: no image within the pixel limit needs as much. */
const fileLimit = 2 ** 31 - 1
/** Read at once where a header is looked at, which reads a few bytes here and there. */
const blockBytes = 8192

/** Bytes that are read where they are asked for; fewer come where they end. */
export interface Source {
  readonly size: number
  read(from: number, length: number): Promise<Buffer>
}

export const inMemory = (bytes: Buffer): Source => ({
  size: bytes.length,
  read: (from, length) => Promise.resolve(bytes.subarray(from, from + length)),
})

/**
 * Opens a file for as long as `use` takes. Throws UnreadableImage where it is a pipe, a device or a folder, which may never
 * end or never answer, or too large.
 */
export async function withFile<T>(file: string, use: (source: Source) => Promise<T>): Promise<T> {
  if (!(await mayRead(file))) throw new UnreadableImage(refusals.outside)
  if (!(await stat(file)).isFile()) throw new UnreadableImage(refusals.notAFile)
  // What was put in its place meanwhile does not hold us up either: without waiting, then looked at again.
  const handle = await open(file, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0))
  try {
    const info = await handle.stat()
    if (!info.isFile()) throw new UnreadableImage(refusals.notAFile)
    if (info.size > fileLimit) throw new UnreadableImage(refusals.tooManyBytes)
    let block = { from: 0, bytes: Buffer.alloc(0) }
    const read = async (from: number, length: number): Promise<Buffer> => {
      if (from < block.from || from + length > block.from + block.bytes.length) {
        const bytes = Buffer.allocUnsafe(
          Math.min(Math.max(length, blockBytes), Math.max(info.size - from, 0)),
        )
        let end = 0
        while (end < bytes.length) {
          const { bytesRead } = await handle.read(bytes, end, bytes.length - end, from + end)
          if (bytesRead === 0) break
          end += bytesRead
        }
        block = { from, bytes: bytes.subarray(0, end) }
      }
      return block.bytes.subarray(from - block.from, from - block.from + length)
    }
    return await use({ size: info.size, read })
  } finally {
    await handle.close()
  }
}

/** All bytes of such a file. */
export const readWhole = (file: string): Promise<Buffer> => withFile(file, ({ size, read }) => read(0, size))
