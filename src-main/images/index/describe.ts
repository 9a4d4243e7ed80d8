import { constants, open } from 'node:fs/promises'
import path from 'node:path'
import { explain } from '#images/decode/explain'
import { readHeader } from '#images/decode/header'
import type { FoundFile } from './files'

const headersAtOnce = 16

/** A row of `files` as the header says. */
export interface Described extends FoundFile {
  format: string | null
  width: number | null
  height: number | null
  orientation: number | null
  problem: string | null
}

/** What the headers of files below a folder say, in their order. */
export async function describeFiles(folder: string, files: FoundFile[]): Promise<Described[]> {
  const described: Described[] = []
  let next = 0
  const take = async () => {
    for (let i = next++; i < files.length; i = next++) described[i] = await describeFile(folder, files[i]!)
  }
  await Promise.all(Array.from({ length: headersAtOnce }, take))
  return described
}

async function describeFile(folder: string, file: FoundFile): Promise<Described> {
  const unknown = { format: null, width: null, height: null, orientation: null }
  const whole = path.join(folder, file.path)
  if (file.problem) return { ...file, ...unknown, problem: file.problem }
  try {
    const { format, width, height, orientation } = await readHeader(whole)
    return { ...file, format, width, height, orientation, problem: null }
  } catch (error) {
    // Permissions change no time of a file: without them it is looked at again in the next scan.
    const opens = await open(whole, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0)).then(
      (handle) => handle.close().then(() => true),
      () => false,
    )
    return { ...file, modified: opens ? file.modified : 0, ...unknown, problem: await explain(error, whole) }
  }
}
