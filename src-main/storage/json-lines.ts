import { appendFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import type { z } from 'zod'
import { sha256 } from './files'

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

export const appendLine = (file: string, value: object) => appendFileSync(file, lineOf(value))

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
  const handle = await open(file, 'r').catch(() => null)
  if (!handle) return null
  try {
    const { size } = await handle.stat()
    const start = startOf(size)
    const bytes = Buffer.alloc(size - start)
    await handle.read(bytes, 0, bytes.length, start)
    const end = bytes.lastIndexOf('\n') + 1
    return { size, nextByte: start + end, lines: bytes.toString('utf8', 0, end).split('\n').slice(0, -1) }
  } finally {
    await handle.close()
  }
}

/** The values of all whole lines of a file; none where there is no file. */
export async function readValues<T>(file: string, schema: z.ZodType<T>): Promise<T[]> {
  const read = await readLines(file)
  return read?.lines.flatMap((line) => parseLine(schema, line)) ?? []
}
