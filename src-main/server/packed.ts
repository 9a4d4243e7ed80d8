import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { brotliCompress, constants, gzip } from 'node:zlib'

const [brotli, zip] = [promisify(brotliCompress), promisify(gzip)]

/** How hard brotli tries, of 11: more takes longer than a network saves. */
const quality = 6

interface Packed {
  encoding: 'br' | 'gzip' | null
  contents: Buffer
}

/** What was packed before, by encoding and file: files of a build do not change while it runs. */
const known = new Map<string, Promise<Packed>>()

/** A file of the pages as a browser that accepts some encodings gets it: text is packed, pictures and fonts are already. */
export function packed(file: string, type: string, accepted: string | string[] = ''): Promise<Packed> {
  const encoding = encodingFor(type, String(accepted))
  const key = `${encoding} ${file}`
  const found = known.get(key) ?? pack(file, encoding)
  if (encoding) known.set(key, found)
  found.catch(() => known.delete(key))
  return found
}

export function encodingFor(type: string, accepted: string): Packed['encoding'] {
  if (!type.startsWith('text/') && type !== 'image/svg+xml') return null
  const names = accepted
    .split(',')
    .map((each) => each.trim())
    .filter((each) => !/;\s*q=0(\.0*)?$/.test(each))
    .map((each) => each.split(';')[0])
  return names.includes('br') ? 'br' : names.includes('gzip') ? 'gzip' : null
}

async function pack(file: string, encoding: Packed['encoding']): Promise<Packed> {
  const contents = await readFile(file)
  if (encoding === 'br') {
    const params = { [constants.BROTLI_PARAM_QUALITY]: quality }
    return { encoding, contents: await brotli(contents, { params }) }
  }
  return { encoding, contents: encoding ? await zip(contents) : contents }
}
