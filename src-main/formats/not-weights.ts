import { readdir } from 'node:fs/promises'
import path from 'node:path'
import { AppError } from '#shared/errors'
import { unreadable } from './pytorch/unpickle'

/** What is named in the place of a file of weights, in words. */

const merge =
  'Join the parts in Python: AutoModel.from_pretrained(folder).save_pretrained(other, max_shard_size="1000GB"), and import the file in the other folder.'

/** Throws AppError weights-unreadable where a file's name says that it is one part of several. */
export function refusePart(file: string): void {
  const [, part, parts] = /-0*(\d+)-of-0*(\d+)\.\w+$/.exec(file) ?? []
  if (Number(parts) > 1)
    throw new AppError(
      'weights-unreadable',
      `${path.basename(file)} is part ${part} of ${parts} of a model.`,
      merge,
    )
}

/** The error for a folder. */
export async function folderError(folder: string): Promise<AppError> {
  const names = await readdir(folder).catch(() => [])
  if (names.some((name) => /-of-0*([2-9]|\d{2,})\.|\.index\.json$/.test(name)))
    return new AppError('weights-unreadable', `${folder} is a folder with a model in parts.`, merge)
  const files = names.filter((name) => /\.(safetensors|pth|pt|bin|ckpt)$/.test(name))
  return new AppError(
    'weights-unreadable',
    `${folder} is a folder, not a file.`,
    files.length ? `Choose a file in it: ${files.slice(0, 5).join(', ')}.` : 'No file of weights is in it.',
  )
}

const beginnings: [RegExp, string][] = [
  [/^$/, 'it is empty'],
  [
    /^version https:\/\/git-lfs/,
    'it is a pointer of Git LFS in the place of the file. Get the file with: git lfs pull',
  ],
  [/^\s*</, 'it is a page of the web: the download did not give the file'],
  [/^\s*\{/, 'it is text in JSON. The weights lie in a file beside it'],
  [/^\x89HDF/, 'it is a file of HDF5, as Keras writes it. Load it there and save it as safetensors'],
  [/^GGUF/, 'it is a GGUF file, whose weights are rounded to few bits'],
]

/** The error for a file of another kind, told by its first bytes. */
export function otherKind(start: Uint8Array): AppError {
  const text = Buffer.from(start).toString('latin1')
  const known = beginnings.find(([pattern]) => pattern.test(text))
  return unreadable(known?.[1] ?? 'it is neither a .pth nor a safetensors file')
}
