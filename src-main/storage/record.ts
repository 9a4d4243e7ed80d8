import { Damaged, sha256, writeFileSafely } from './files'
import { isMissing, readOwn, TooLarge } from './own-files'

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

/** The value of a record that may be missing or damaged: null then. Throws where what is there cannot be read now. */
export const recordIfAny = (file: string): Promise<Record<string, unknown> | null> =>
  readRecord(file).catch((error: unknown) => {
    if (isMissing(error) || error instanceof Damaged || error instanceof TooLarge) return null
    throw error
  })

/** Where the copy of a record lies. */
export const copyOf = (file: string) => `${file}.copy`

async function read(file: string): Promise<Record<string, unknown>> {
  const text = await readOwn(file)
  const sealed = seal.exec(text)
  if (sealed && sealed[1] !== sha256(text.slice(0, sealed.index)))
    throw new Damaged('its checksum is another')
  const { sha256: given, ...value } = objectIn(text)
  if (given !== undefined && !sealed) throw new Damaged('its checksum is not at its end')
  return value
}

function objectIn(text: string): Record<string, unknown> {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw new Damaged((error as Error).message)
  }
  if (value instanceof Object && !Array.isArray(value)) return value as Record<string, unknown>
  throw new Damaged('it is no object')
}
