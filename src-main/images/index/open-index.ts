import { existsSync, readFileSync } from 'node:fs'
import { rename } from 'node:fs/promises'
import path from 'node:path'
import Database from 'libsql'
import { indexFile } from '#platform/paths'
import { writeFileSafely } from '#storage/files'
import { freeName } from '#storage/free-name'
import { DatasetIndex } from './dataset-index'
import { expectLabels, labelsCsv } from './labels'

/** Whether an error says that an index is not what this version of the application wrote. */
export const isDamage = (error: unknown): boolean =>
  /^SQLITE_(CORRUPT|NOTADB|ERROR)/.test(String((error as { code?: unknown }).code))

/**
 * Opens the index of a folder in a file. It is derived from the folder: one that is damaged is set aside and made anew, with
 * what the person excluded as far as that can still be read, and with what they labelled.
 */
export async function openIndex(folder: string, file: string): Promise<DatasetIndex> {
  const isNew = !existsSync(file)
  try {
    const index = open(folder, file)
    if (isNew) keepLabels(index, file)
    return index
  } catch (error) {
    if (!isDamage(error)) throw error
  }
  const excluded = excludedIn(file)
  const aside = await setAside(file)
  const index = open(folder, file)
  index.expectExcluded(excluded)
  keepLabels(index, file)
  console.error(`The index of ${folder} was damaged. It is made anew; ${excluded.length} excluded images were found in the old one, ${aside}.`) // prettier-ignore
  await index.scan().catch((error: unknown) => console.error(error)) // its folder may not be there now
  return index
}

function open(folder: string, file: string): DatasetIndex {
  const index = new DatasetIndex(folder, file)
  try {
    index.requireWhole()
    return index
  } catch (error) {
    index.close()
    throw error
  }
}

/** The file beside an index that has what a person said of the images. */
export const labelsFile = (file: string) => file.replace(/(\.db)?$/, '.labels.csv')

/** Writes what a person said of the images into the file beside the index. */
export const writeLabels = (index: DatasetIndex) =>
  writeFileSafely(labelsFile(indexFile(index.folder)), labelsCsv(index))

/** What a person said of the images is read from the file beside the index: it outlives the index. */
function keepLabels(index: DatasetIndex, file: string): void {
  if (existsSync(labelsFile(file)))
    expectLabels(index, readFileSync(labelsFile(file), 'utf8'), labelsFile(file))
}

/** The paths of excluded images, each by whichever way through the damaged file leads to it. */
function excludedIn(file: string): string[] {
  const found = new Set<string>()
  const ways = ['', 'INDEXED BY files_excluded', 'NOT INDEXED', 'NOT INDEXED ORDER BY id DESC']
  for (const way of ways) {
    const [table, order = ''] = way.split(' ORDER')
    try {
      const database = new Database(file, { readonly: true })
      try {
        const sql = `SELECT path FROM files ${table} WHERE excluded ${order && `ORDER${order}`}`
        for (const row of database.prepare(sql).iterate()) found.add((row as { path: string }).path)
      } finally {
        database.close()
      }
    } catch {
      continue
    }
  }
  return [...found].filter((name) => typeof name === 'string')
}

/** The file under a new name, with what SQLite keeps beside it. */
async function setAside(file: string): Promise<string> {
  const aside = await freeName(path.dirname(file), path.basename(file), '.damaged')
  for (const ending of ['', '-wal', '-shm'])
    if (existsSync(file + ending)) await rename(file + ending, aside + ending)
  return aside
}
