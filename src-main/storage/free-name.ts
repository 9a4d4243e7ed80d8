import { mkdir, readdir } from 'node:fs/promises'
import path from 'node:path'

/** A name as a file can have it. */
export const fileName = (name: string) => name.replace(/[^\p{L}\p{N}]+/gu, '-').replace(/^-|-$/g, '') || 'run'

/** A path in `folder` that is not taken: name, name-2, name-3 ... */
export async function freeName(folder: string, name: string, extension = ''): Promise<string> {
  await mkdir(folder, { recursive: true })
  const taken = new Set(await readdir(folder))
  for (let n = 1; ; n++) {
    const candidate = `${name}${n > 1 ? `-${n}` : ''}${extension}`
    if (!taken.has(candidate)) return path.join(folder, candidate)
  }
}
