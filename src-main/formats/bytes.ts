import type { FileHandle } from 'node:fs/promises'

/** What a file is written from: text, bytes, or parts that follow one another. */
export type FileContents = string | Uint8Array | Uint8Array[]

/** The parts of what is written, none larger than Node takes. */
export function* partsOf(contents: FileContents): Generator<Uint8Array> {
  const bytes = typeof contents === 'string' ? Buffer.from(contents) : contents
  for (const part of Array.isArray(bytes) ? bytes : [bytes]) yield* pieces(part)
}

/** Node reads and hashes no more than 2 GiB at once: what may be larger goes piece by piece. */
const pieceBytes = 2 ** 26

/** Bytes as views of a size that Node takes, in order. */
export function* pieces(bytes: Uint8Array): Generator<Uint8Array> {
  for (let start = 0; start < bytes.length; start += pieceBytes)
    yield bytes.subarray(start, start + pieceBytes)
}

/** The memory of an array of numbers. */
export const bytesOfValues = ({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array =>
  new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength)

/** Fills `target` with the bytes from `place` on, and answers how many there were: fewer where the file ends. */
export async function readAt(handle: FileHandle, target: Uint8Array, place: number): Promise<number> {
  let filled = 0
  for (const piece of pieces(target)) {
    for (let done = 0; done < piece.length;) {
      const { bytesRead } = await handle.read(piece, done, piece.length - done, place + filled)
      if (bytesRead === 0) return filled
      done += bytesRead
      filled += bytesRead
    }
  }
  return filled
}
