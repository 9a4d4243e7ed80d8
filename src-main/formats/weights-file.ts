import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { AppError } from '#shared/errors'
import { readAt } from './bytes'
import { folderError, otherKind, refusePart } from './not-weights'
import { openPth } from './pytorch/read'
import { rootOf } from './roots'
import { isFloatType, readEntry, readSafetensorsHeader, tensorOf } from './safetensors'
import type { TensorFile } from './tensor-file'
import type { FloatTensor, FloatTensors } from './tensors'

/** What a file holds of one model. */
export interface WeightsFile {
  /** By their names below the root. */
  tensors: FloatTensors
  /** What a safetensors file says about them. */
  metadata: Record<string, string>
  /** What stands before the names of the model's weights in the file, as in `teacher.backbone.`. */
  root: string
  /** Names below the root of whole numbers and others that no weight is. */
  notFloat: string[]
  /** What else the file holds, each dictionary as one. */
  beside: string[]
}

/**
 * Reads the model of a .pth or safetensors file, told apart by how it begins. Throws AppError folder-missing,
 * weights-unreadable, weights-misfit or checkpoint-corrupt, and the system's error where the file cannot be opened.
 */
export async function readWeights(file: string): Promise<WeightsFile> {
  refusePart(file)
  const handle = await openFile(file)
  try {
    return await modelOf(await openTensors(handle))
  } finally {
    await handle.close()
  }
}

async function modelOf({ tensors, metadata, read }: TensorFile): Promise<WeightsFile> {
  const root = rootOf([...tensors.keys()])
  const found = new Map<string, FloatTensor>()
  const notFloat: string[] = []
  const beside = new Set<string>()
  for (const [name, { isFloat }] of tensors) {
    const own = name.slice(root.length)
    if (!name.startsWith(root)) beside.add(name.replace(/\..*$/s, '.*'))
    else if (isFloat) found.set(own, await read(name))
    else notFloat.push(own)
  }
  beside.delete('optimizer.*') // whose moments are no weights
  return { tensors: Object.fromEntries(found), metadata, root, notFloat, beside: [...beside] }
}

/** Opens what is a file: a pipe could be waited for without end. */
async function openFile(file: string): Promise<FileHandle> {
  const handle = await open(file, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0)).catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error
      throw new AppError('folder-missing', `There is no file ${file}.`, 'Check the path.')
    },
  )
  const info = await handle.stat()
  if (info.isFile()) return handle
  await handle.close()
  throw info.isDirectory()
    ? await folderError(file)
    : new AppError('weights-unreadable', `${file} is not a file but a pipe or a device.`, 'Name a file.')
}

/** The tensors of an open file. Throws AppError weights-unreadable or checkpoint-corrupt. */
export async function openTensors(handle: FileHandle): Promise<TensorFile> {
  const start = new Uint8Array(64)
  const known = start.subarray(0, await readAt(handle, start, 0))
  // A safetensors file begins with the length of its header, 8 bytes, then the header: {"...
  if (known[8] === 0x7b) return openSafetensors(handle)
  if (known[0] === 0x80 || Buffer.from(known).toString('latin1', 0, 4) === 'PK\x03\x04')
    return openPth(handle)
  throw otherKind(known)
}

async function openSafetensors(handle: FileHandle): Promise<TensorFile> {
  const { entries, metadata, start } = await readSafetensorsHeader(handle)
  return {
    tensors: new Map(
      [...entries].map(([name, { dtype, shape }]) => [name, { shape, isFloat: isFloatType(dtype) }]),
    ),
    metadata,
    async read(name) {
      const entry = entries.get(name)!
      const { shape, values } = tensorOf(name, entry, await readEntry(handle, entry, start))
      return {
        shape,
        values: values instanceof Float32Array ? values : Float32Array.from(values as Float64Array),
      }
    },
  }
}
