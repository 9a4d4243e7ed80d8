import type { FileHandle } from 'node:fs/promises'
import { sizeOf } from '#model/tensor/step'
import { readAt } from '#formats/bytes'
import type { TensorFile } from '#formats/tensor-file'
import type { FloatTensor } from '#formats/tensors'
import { View } from './classes'
import { openLegacy } from './legacy'
import { unreadable, type Value } from './unpickle'
import { openZip } from './zip'

/** Storages that many tensors share are read again for each, but the whole file no more often than this. */
const readings = 8

/**
 * The tensors of a .pth file by their names; those in a dictionary that stands under a name have it before theirs:
 * `model.cls_token`. Nothing in the file is run, and its values take no more memory than four times its size. Throws
 * AppError weights-unreadable.
 */
export async function openPth(handle: FileHandle): Promise<TensorFile> {
  const { size } = await handle.stat()
  const start = new Uint8Array(4)
  await readAt(handle, start, 0)
  const isZip = Buffer.from(start).toString('latin1') === 'PK\x03\x04'
  const { value, placeOf } = await (isZip ? openZip : openLegacy)(handle, size)
  const views = viewsIn(value)

  let [numbersLeft, bytesLeft] = [size, readings * size]
  let last: { key: string; bytes: Uint8Array } | null = null
  const storage = async (key: string): Promise<Uint8Array> => {
    if (last?.key === key) return last.bytes
    last = null
    const { start, length } = await placeOf(key)
    if ((bytesLeft -= length) < 0) throw unreadable('its tensors share values as those of no model do')
    const bytes = new Uint8Array(length)
    if (start + length > size || (await readAt(handle, bytes, start)) < length)
      throw unreadable('it ends too early')
    last = { key, bytes }
    return bytes
  }

  return {
    tensors: new Map(
      [...views].map(([name, { shape, type }]) => [name, { shape, isFloat: type.read !== null }]),
    ),
    metadata: {},
    async read(name) {
      const view = views.get(name)
      if (!view?.type.read) throw unreadable(`${name} holds no numbers that weights are`)
      if (!((numbersLeft -= sizeOf(view.shape)) >= 0))
        throw unreadable('its tensors are said to hold more numbers than the file has bytes')
      return tensorOf(name, view, await storage(view.key))
    },
  }
}

/** Every tensor that dictionaries in the file lead to. */
function viewsIn(value: Value): Map<string, View> {
  const views = new Map<string, View>()
  const seen = new Set<Value>()
  const walk = (inside: Map<Value, Value>, before: string) => {
    seen.add(inside)
    for (const [key, child] of inside) {
      if (typeof key !== 'string' && typeof key !== 'number') continue
      if (child instanceof View) views.set(`${before}${key}`, child)
      else if (child instanceof Map && !seen.has(child) && before.length < longestPrefix)
        walk(child, `${before}${key}.`)
    }
  }
  if (value instanceof Map) walk(value, '')
  if (views.size === 0) throw unreadable('it holds no weights by name')
  return views
}

/** What stands before a tensor's name is no longer, nor dictionaries in one another deeper, than checkpoints have them. */
const longestPrefix = 200

/** Copies what a tensor sees of its storage, row by row. */
function tensorOf(name: string, { type, offset, shape, strides }: View, bytes: Uint8Array): FloatTensor {
  const size = sizeOf(shape)
  if (bytes.length % type.bytes) throw unreadable(`the values of ${name} are torn`)
  const count = bytes.length / type.bytes
  const last = shape.reduce((end, size, axis) => end + (size - 1) * strides[axis]!, offset)
  if (size > count || (size > 0 && last >= count)) throw unreadable(`the values of ${name} are missing`)
  if (size === 0) return { shape, values: new Float32Array(0) }
  const from = type.read!(bytes.subarray(offset * type.bytes, (last + 1) * type.bytes))
  if (isRowMajor(shape, strides))
    return { shape, values: from instanceof Float32Array ? from : new Float32Array(from) }
  const values = new Float32Array(size)
  const place = shape.map(() => 0)
  for (let i = 0, at = 0; i < size; i++) {
    values[i] = from[at]!
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      at += strides[axis]!
      if (++place[axis]! < shape[axis]!) break
      at -= strides[axis]! * shape[axis]!
      place[axis] = 0
    }
  }
  return { shape, values }
}

const isRowMajor = (shape: number[], strides: number[]) =>
  strides.every((step, axis) => shape[axis] === 1 || step === sizeOf(shape.slice(axis + 1)))
