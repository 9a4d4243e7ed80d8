import { readFile } from 'node:fs/promises'
import { sha256, writeFileSafely } from './files'

/**
 * Records: JSON files that must not lie. The last property, "sha256", is the checksum of the text before it, and a
 * copy lies beside the file, so that a flipped bit or a torn write is noticed and costs nothing. A record without a
 * checksum, as other programs may write it, is believed.
 */

const seal = /,\s*"sha256": "([0-9a-f]*)"\s*\}\s*$/

export async function writeRecord(file: string, value: object): Promise<void> {
  const body = JSON.stringify(value, null, 1).slice(0, -2)
  const text = `${body},\n "sha256": "${sha256(body)}"\n}`
  await writeFileSafely(file, text)
  await writeFileSafely(copyOf(file), text)
}

/** The value of a record, of its copy where it is damaged. Throws where neither can be read. */
export async function readRecord(file: string): Promise<Record<string, unknown>> {
  return read(file).catch(async (error: unknown) => read(copyOf(file)).catch(() => Promise.reject(error)))
}

const copyOf = (file: string) => `${file}.copy`

async function read(file: string): Promise<Record<string, unknown>> {
  const text = await readFile(file, 'utf8')
  const sealed = seal.exec(text)
  if (sealed && sealed[1] !== sha256(text.slice(0, sealed.index))) throw new Error('it is damaged')
  const { sha256: given, ...value } = JSON.parse(text) as Record<string, unknown>
  if (given !== undefined && !sealed) throw new Error('it is damaged')
  return value
}
