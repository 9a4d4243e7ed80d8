import { opendir, realpath, stat } from 'node:fs/promises'
import path from 'node:path'
import { AppError } from '../../src-shared/errors'
import { explain, readHeader } from './decode'

export interface ImageFile {
  /** Relative to the folder, with forward slashes. */
  path: string
  /** Size in pixels, turned as EXIF says. */
  width: number
  height: number
  bytes: number
  /** The first folder below the root; null for images that lie in the root. */
  class: string | null
}

export interface UnreadableFile {
  path: string
  reason: string
}

export interface Scan {
  images: ImageFile[]
  unreadable: UnreadableFile[]
}

interface ScanOptions {
  onProgress?(progress: { images: number; unreadable: number }): void
}

const imageExtensions = /\.(jpe?g|jfif|png|webp|avif|tiff?|gif|bmp|heic|heif|jxl)$/i
const filesAtOnce = 16

/**
 * Finds all images below a folder and reads their headers, sorted by path. What looks like an image and can not
 * be read is listed with the reason. Throws AppError folder-missing, not-a-folder or no-images.
 */
export async function scanFolder(folder: string, { onProgress }: ScanOptions = {}): Promise<Scan> {
  const kind = await stat(folder).catch(() => null)
  if (!kind) throw new AppError('folder-missing', `There is no folder ${folder}.`, 'Check the path.')
  if (!kind.isDirectory())
    throw new AppError('not-a-folder', `${folder} is a file.`, 'Choose the folder that holds your images.')

  const scan: Scan = { images: [], unreadable: [] }
  const files = imageFiles(folder, '', new Set())
  const take = async () => {
    for await (const file of files) {
      await readInto(scan, folder, file)
      if ((scan.images.length + scan.unreadable.length) % 100 === 0)
        onProgress?.({ images: scan.images.length, unreadable: scan.unreadable.length })
    }
  }
  await Promise.all(Array.from({ length: filesAtOnce }, take))

  if (scan.images.length === 0) throw noImages(folder, scan.unreadable)
  const byPath = (a: { path: string }, b: { path: string }) => (a.path < b.path ? -1 : 1)
  return { images: scan.images.sort(byPath), unreadable: scan.unreadable.sort(byPath) }
}

/** Paths of image files relative to `root`. Follows links, but enters each folder once. */
async function* imageFiles(root: string, below: string, entered: Set<string>): AsyncGenerator<string> {
  const folder = path.join(root, below)
  const real = await realpath(folder).catch(() => null)
  if (!real || entered.has(real)) return
  entered.add(real)
  const entries = await opendir(folder).catch(() => null)
  if (!entries) return
  for await (const entry of entries) {
    if (entry.name.startsWith('.')) continue
    const relative = below ? `${below}/${entry.name}` : entry.name
    const isFolder = entry.isSymbolicLink()
      ? await stat(path.join(root, relative)).then(
          (s) => s.isDirectory(),
          () => false,
        )
      : entry.isDirectory()
    if (isFolder) yield* imageFiles(root, relative, entered)
    else if (imageExtensions.test(entry.name)) yield relative
  }
}

async function readInto(scan: Scan, folder: string, relative: string): Promise<void> {
  const file = path.join(folder, relative)
  try {
    const { size } = await stat(file)
    if (size === 0) throw new Error('truncated')
    const separator = relative.indexOf('/')
    scan.images.push({
      path: relative,
      ...(await readHeader(file)),
      bytes: size,
      class: separator < 0 ? null : relative.slice(0, separator),
    })
  } catch (error) {
    scan.unreadable.push({ path: relative, reason: explain(error) })
  }
}

function noImages(folder: string, unreadable: UnreadableFile[]): AppError {
  const found = unreadable.length
    ? `None of the ${unreadable.length} image files in ${folder} can be read (the first: ${unreadable[0]!.path}, ${unreadable[0]!.reason}).`
    : `There are no images in ${folder}.`
  return new AppError('no-images', found, 'Choose a folder with JPEG, PNG, WebP, AVIF, TIFF or GIF files.')
}

/** Image files directly inside a folder, for a folder browser. */
export const isImageName = (name: string) => imageExtensions.test(name)
