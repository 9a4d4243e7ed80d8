import type { FileHandle } from 'node:fs/promises'
import { readAt } from '#formats/bytes'
import { constructorOf, type Storage, storageOf } from './classes'
import type { Described, Place } from './described'
import { longestPickle, unpickle, unreadable, type Value } from './unpickle'

/** How the pickles of a file of PyTorch begin (torch/serialization.py, MAGIC_NUMBER). */
const magic = 0x1950a86a20f9469cfc6cn

/**
 * The format before PyTorch 1.6: pickles of a magic number, a version, the machine, the object and the storages' keys;
 * then the storages, each with its size before it.
 */
export async function openLegacy(handle: FileHandle, size: number): Promise<Described> {
  const head = new Uint8Array(Math.min(size, longestPickle))
  await readAt(handle, head, 0)
  const storages = new Map<string, Storage>()
  const remember = (id: Value) => {
    const storage = storageOf(id)
    storages.set(storage.key, storage)
    return storage
  }
  let place = 0
  const next = () => {
    const { value, end } = unpickle(head, constructorOf, remember, place)
    place = end
    return value
  }
  if (next() !== magic) throw unreadable('it is a pickle of Python, but none of PyTorch')
  next() // version
  next() // machine
  const value = next()
  const keys = next()
  const places = new Map<string, Place>()
  const length = new DataView(new ArrayBuffer(8))
  for (const key of Array.isArray(keys) ? keys.map(String) : []) {
    if ((await readAt(handle, new Uint8Array(length.buffer), place)) < 8)
      throw unreadable('it ends too early')
    const bytes = Number(length.getBigUint64(0, true)) * (storages.get(key)?.type.bytes ?? 0)
    places.set(key, { start: place + 8, length: bytes })
    place += 8 + bytes
    if (place > size) throw unreadable('it ends too early')
  }
  const placeOf = async (key: string): Promise<Place> => {
    const found = places.get(key)
    if (!found) throw unreadable(`it does not hold the values ${key}`)
    return found
  }
  return { value, placeOf }
}
