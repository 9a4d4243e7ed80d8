import { open, readFile } from 'node:fs/promises'
import { AppError } from '#shared/errors'
import { readPth } from './pytorch/read'
import { decodeSafetensors } from './safetensors'
import type { FloatTensors } from './tensors'

/** What a file of weights holds: tensors by their names, and what a safetensors file says about them. */
export interface WeightsFile {
  tensors: FloatTensors
  metadata: Record<string, string>
}

/**
 * Reads a .pth or safetensors file, told apart by how it begins. Throws AppError folder-missing, weights-unreadable or
 * checkpoint-corrupt.
 */
export async function readWeights(file: string): Promise<WeightsFile> {
  const handle = await open(file).catch(() => {
    throw new AppError('folder-missing', `There is no file ${file} that can be read.`, 'Check the path.')
  })
  const start = Buffer.alloc(9)
  await handle.read(start, 0, 9, 0)
  await handle.close()
  // A safetensors file begins with the length of its header, 8 bytes, then the header: {"...
  if (start[8] !== 0x7b) return { tensors: await readPth(file), metadata: {} }
  const { tensors, metadata } = decodeSafetensors(await readFile(file))
  const floats = Object.entries(tensors).filter(([, { values }]) => isFloat(values))
  return {
    tensors: Object.fromEntries(
      floats.map(([name, { shape, values }]) => [
        name,
        { shape, values: Float32Array.from(values as Float32Array) },
      ]),
    ),
    metadata,
  }
}

const isFloat = (values: unknown) => values instanceof Float32Array || values instanceof Float64Array
