import type { FileHandle } from 'node:fs/promises'
import { type Entry, fromFdPromise, type ZipFile } from 'yauzl'
import { readAt } from '#formats/bytes'
import { constructorOf, storageOf } from './classes'
import type { Described, Place } from './described'
import { longestPickle, unpickle, unreadable } from './unpickle'

/** The format since PyTorch 1.6: a zip archive, not compressed, of a pickle and a file for each storage. */
export async function openZip(handle: FileHandle): Promise<Described> {
  const { zip, entries } = await listed(handle)
  const placeOf = async (name: string): Promise<Place> => {
    const entry = entries.get(name)
    if (!entry) throw unreadable(whatElse(entries) ?? `its archive holds no ${name}`)
    // What is compressed may become a thousand times as large, and PyTorch compresses nothing.
    if (entry.compressionMethod !== 0 || entry.compressedSize !== entry.uncompressedSize)
      throw unreadable(
        'its archive is compressed, as PyTorch writes none. Load it in Python and save it by torch.save',
      )
    if (entry.isEncrypted()) throw unreadable('its archive is encrypted')
    const { fileDataStart } = await zip.readLocalFileHeaderPromise(entry, { minimal: true }).catch(damaged)
    return { start: fileDataStart, length: entry.compressedSize }
  }
  const read = async (name: string, most: number): Promise<Uint8Array> => {
    const { start, length } = await placeOf(name)
    if (length > most) throw unreadable(`${name} in it is too long`)
    const bytes = new Uint8Array(length)
    if ((await readAt(handle, bytes, start)) < length) throw unreadable('it ends too early')
    return bytes
  }
  const order = entries.has('byteorder') ? Buffer.from(await read('byteorder', 16)).toString() : 'little'
  if (order !== 'little') throw unreadable('it was written by a big-endian machine')
  if (entries.has('constants.pkl'))
    throw unreadable('it is a program of TorchScript. Save its state_dict() instead')
  const { value } = unpickle(await read('data.pkl', longestPickle), constructorOf, storageOf)
  return { value, placeOf: (key) => placeOf(`data/${key}`) }
}

async function listed(handle: FileHandle): Promise<{ zip: ZipFile; entries: Map<string, Entry> }> {
  try {
    const zip = await fromFdPromise(handle.fd)
    const entries = new Map<string, Entry>()
    // All lie in one folder, whose name is that of the file.
    for await (const entry of zip.eachEntry()) entries.set(entry.fileName.replace(/^[^/]*\//, ''), entry)
    return { zip, entries }
  } catch (error) {
    return damaged(error)
  }
}

function damaged(error: unknown): never {
  throw unreadable(`its archive is damaged (${error instanceof Error ? error.message : String(error)})`)
}

/** What else a zip archive is, where it is no .pth file. */
const whatElse = (entries: Map<string, Entry>): string | null =>
  [...entries.keys()].some((name) => name.endsWith('.npy'))
    ? "it is an archive of NumPy (.npz), as Google's JAX models are. Load it with timm and save its state_dict()"
    : null
