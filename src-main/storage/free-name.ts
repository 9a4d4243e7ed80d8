import { readdir } from 'node:fs/promises'
import path from 'node:path'
import { makeFolders } from './ready-folder'

/** A name as a file can have it. */
export const fileName = (name: string) => name.replace(/[^\p{L}\p{N}]+/gu, '-').replace(/^-|-$/g, '') || 'run'

/** Bytes that the names of files may have on nearly every file system, less room for what is put behind a name. */
const longest = 200

/** The beginning of a name that is not too long for a file. */
function shortened(name: string): string {
  let short = name
  while (Buffer.byteLength(short) > longest) short = [...short].slice(0, -1).join('')
  return short
}

/** Some file systems take names for the same that differ by case, or by how their accents are written. */
const alike = (name: string) => name.normalize('NFC').toLowerCase()

/** A path in `folder` that is not taken: name, name-2, name-3 ... */
export async function freeName(folder: string, name: string, extension = ''): Promise<string> {
  await makeFolders(path.resolve(folder))
  const taken = new Set((await readdir(folder)).map(alike))
  for (let n = 1; ; n++) {
    const candidate = `${shortened(name)}${n > 1 ? `-${n}` : ''}${extension}`
    if (!taken.has(alike(candidate))) return path.join(folder, candidate)
  }
}

/**
 * A name for what is made of each file, no two alike: that of the file, with as many of the folders around it as tell it from
 * the others.
 */
export function namesOf(files: readonly string[]): string[] {
  // Without its ending, by which folders do not tell files apart.
  const whole = files.map((file) => path.resolve(file).slice(0, -path.extname(file).length || undefined))
  const named = (file: string, count: number) => file.split(path.sep).filter(Boolean).slice(-count).join('-')
  const deepest = Math.max(0, ...whole.map((file) => file.split(path.sep).length))
  const names = whole.map((file) => named(file, 1))
  for (let count = 1; count < deepest; count++) {
    const sharers = new Map<string, Set<string>>()
    whole.forEach((file, i) =>
      sharers.set(alike(names[i]!), (sharers.get(alike(names[i]!)) ?? new Set()).add(file)),
    )
    whole.forEach((file, i) => {
      if (sharers.get(alike(names[i]!))!.size > 1) names[i] = named(file, count + 1)
    })
  }
  const given = new Set<string>()
  return names.map((name) => {
    let candidate = name
    for (let n = 2; given.has(alike(candidate)); n++) candidate = `${name}-${n}`
    given.add(alike(candidate))
    return candidate
  })
}
