import type { FileHandle } from 'node:fs/promises'
import type { z } from 'zod'
import { sha256 } from './files'
import { appendOwn, isMissing, openOwn, TooLarge } from './own-files'

/**
 * Files that grow by a line of JSON at a time. A line ends on a line feed and nothing else, since JSON may hold the other
 * characters that Unicode ends lines with (U+2028), and may carry a short checksum of what comes before it. A line that is
 * damaged, or not written to its end, is no line.
 */

const checksumOf = (body: string) => sha256(body).slice(0, 8)

/** A value as a line with its checksum. */
export function lineOf(value: object): string {
  const body = JSON.stringify(value).slice(0, -1)
  return `${body},"check":"${checksumOf(body)}"}\n`
}

export const appendLine = (file: string, value: object) => appendOwn(file, lineOf(value))

/** What is larger is no text that could be held in memory. */
const byteLimit = 500e6

/** The value of a line; none where it is damaged. Lines without a checksum, of other programs, are believed. */
export function parseLine<T>(schema: z.ZodType<T>, line: string): T[] {
  const sealed = /,"check":"(\w*)"\}$/.exec(line)
  if (sealed ? checksumOf(line.slice(0, sealed.index)) !== sealed[1] : line.includes('"check"')) return []
  try {
    return [schema.parse(JSON.parse(line))]
  } catch {
    return []
  }
}

export interface Lines {
  lines: string[]
  /** Bytes of the file. */
  size: number
  /** Where the first line begins that is not written to its end. */
  nextByte: number
}

/** The whole lines of a file from the byte on that `startOf` says for its size; null where there is no file. */
export async function readLines(
  file: string,
  startOf: (size: number) => number = () => 0,
): Promise<Lines | null> {
  const handle = await openOwn(file).catch((error: unknown) => {
    if (!isMissing(error)) throw error
  })
  if (!handle) return null
  try {
    const { size } = await handle.stat()
    const start = startOf(size)
    if (size - start > byteLimit) throw new TooLarge(file, byteLimit)
    const bytes = Buffer.alloc(size - start)
    const { bytesRead } = await handle.read(bytes, 0, bytes.length, start)
    const end = bytes.subarray(0, bytesRead).lastIndexOf('\n') + 1
    return { size, nextByte: start + end, lines: bytes.toString('utf8', 0, end).split('\n').slice(0, -1) }
  } finally {
    await handle.close()
  }
}

/** All of a file of lines. Throws TooLarge. */
export async function readWhole(handle: FileHandle, file: string): Promise<Buffer> {
  if ((await handle.stat()).size > byteLimit) throw new TooLarge(file, byteLimit)
  return handle.readFile()
}

/** The lines of a file that may be large, some in memory at a time, also a last one without an end. Throws as `openOwn` does. */
export async function* linesOf(file: string): AsyncGenerator<string> {
  const handle = await openOwn(file)
  let rest: Buffer = Buffer.alloc(0)
  // The stream closes the handle, also where nobody reads on.
  for await (const chunk of handle.createReadStream() as AsyncIterable<Buffer>) {
    const bytes = rest.length ? Buffer.concat([rest, chunk]) : chunk
    let start = 0
    for (let end = bytes.indexOf(10); end >= 0; end = bytes.indexOf(10, start)) {
      yield bytes.toString('utf8', start, end)
      start = end + 1
    }
    rest = bytes.subarray(start)
    if (rest.length > byteLimit) throw new TooLarge(file, byteLimit)
  }
  if (rest.length) yield rest.toString()
}

/** The values of all whole lines of a file; none where there is no file. */
export async function readValues<T>(file: string, schema: z.ZodType<T>): Promise<T[]> {
  const read = await readLines(file)
  return read?.lines.flatMap((line) => parseLine(schema, line)) ?? []
}
