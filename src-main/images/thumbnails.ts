import { createHash, randomUUID } from 'node:crypto'
import { mkdir, rename, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { dataFolder } from '#platform/paths'
import { thumbnail } from './decode/decode'

/** Longest sides in pixels: of pictures in lists, and of those that are looked at. */
const sides = { small: 192, large: 1600 }
/** Raised when thumbnails are made otherwise than before. */
const making = 1

/** The file of an image's picture for the window, made on first use and never enlarged; null where it cannot be read. */
export async function thumbnailFile(
  folder: string,
  relative: string,
  size: keyof typeof sides = 'small',
): Promise<string | null> {
  const file = path.join(folder, relative)
  const info = await stat(file).catch(() => null)
  if (!info) return null
  const key = createHash('sha1')
    .update(`${file} ${info.mtimeMs} ${info.size} ${making}${size === 'small' ? '' : size}`)
    .digest('hex')
  const cached = path.join(dataFolder(), 'thumbnails', key.slice(0, 2), `${key}.webp`)
  if (await stat(cached).catch(() => null)) return cached
  const bytes = await thumbnail(file, sides[size]).catch(() => null)
  if (!bytes) return null
  await mkdir(path.dirname(cached), { recursive: true })
  // Two requests may make the same thumbnail at once: neither may see half a file.
  const temporary = `${cached}.${randomUUID()}`
  await writeFile(temporary, bytes)
  await rename(temporary, cached)
  return cached
}
