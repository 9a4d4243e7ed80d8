import { mkdirSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import path from 'node:path'
import Database from 'libsql'
import type { DatasetSummary, Split } from '#shared/contract'
import { AppError } from '#shared/errors'
import { isMissing } from '#storage/own-files'
import { counted, listed } from '#shared/words'
import { type Described, describeFiles } from './describe'
import { type FoundFile, imageFiles } from './files'
import { layoutOf, type Place } from './layout'

/**
 * files      every file with the extension of an image; `problem` says why one cannot be read
 * places     the readable ones numbered from 1 by split, class and path, so that a page and a class are ranges
 * groups     those ranges with their counts and sizes
 * duplicates what check.ts found: `distance` is null for identical contents
 * alike      images that a checkpoint takes for nearly the same
 * kept       pairs of these that the person keeps both images of
 * pairs      those of duplicates and alike that are still to be looked at; again as leaked, the image that is trained on first,
 *            where the other one is held out
 * labels     what a person says of an image, by its path, so that it outlives the file: a class in place of its folder's, and tags
 * acts       what a person did to images, the newest last, with what was said of them before, as JSON
 * suggestions the class that a classifier gives an image; of a labelled one, the class that it gives without that label
 * clustered  the cluster of images that look alike to a checkpoint, and the distance from its centre
 * odd        how odd an image is beside ordinary ones, and each of its patches
 * facts      what was measured of the data set in its present state, as JSON
 * measured   checkpoints whose losses of images are known, the newest last
 * losses     these losses
 * features   the row of the checkpoint's file of features that holds an image's own
 */
const schema = `
  CREATE TABLE IF NOT EXISTS files (
    id INTEGER PRIMARY KEY,
    path TEXT NOT NULL UNIQUE,
    bytes INTEGER NOT NULL,
    modified INTEGER NOT NULL,
    class TEXT,
    folderClass TEXT,
    split TEXT,
    format TEXT,
    width INTEGER,
    height INTEGER,
    orientation INTEGER,
    problem TEXT,
    excluded INTEGER NOT NULL DEFAULT 0,
    content TEXT,
    perceptual TEXT
  );
  CREATE INDEX IF NOT EXISTS files_unchecked ON files (id) WHERE problem IS NULL AND content IS NULL;
  CREATE TABLE IF NOT EXISTS duplicates (file INTEGER PRIMARY KEY, of INTEGER NOT NULL, distance INTEGER);
  CREATE TABLE IF NOT EXISTS alike (file INTEGER, of INTEGER, similarity REAL NOT NULL, PRIMARY KEY (file, of)) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS kept (file INTEGER, of INTEGER, PRIMARY KEY (file, of)) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS measured (id INTEGER PRIMARY KEY, run TEXT, step INTEGER, UNIQUE (run, step));
  CREATE TABLE IF NOT EXISTS losses (checkpoint INTEGER, file INTEGER, loss REAL, PRIMARY KEY (checkpoint, file)) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS features (checkpoint INTEGER, file INTEGER, row INTEGER, PRIMARY KEY (checkpoint, file)) WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS features_row ON features (checkpoint, row);
  CREATE TABLE IF NOT EXISTS labels (path TEXT PRIMARY KEY, class TEXT, tags TEXT NOT NULL DEFAULT '[]') WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS acts (id INTEGER PRIMARY KEY, what TEXT NOT NULL, before TEXT NOT NULL);
  CREATE TABLE IF NOT EXISTS suggestions (file INTEGER PRIMARY KEY, class TEXT NOT NULL, confidence REAL NOT NULL);
  CREATE TABLE IF NOT EXISTS clustered (file INTEGER PRIMARY KEY, cluster TEXT NOT NULL, distance REAL NOT NULL);
  CREATE TABLE IF NOT EXISTS odd (file INTEGER PRIMARY KEY, score REAL NOT NULL, patches TEXT NOT NULL);
  CREATE INDEX IF NOT EXISTS odd_score ON odd (score);
  CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT NOT NULL);
  CREATE INDEX IF NOT EXISTS files_with_problem ON files (path) WHERE problem IS NOT NULL;
  CREATE INDEX IF NOT EXISTS files_excluded ON files (split, class, path) WHERE excluded;
  CREATE TABLE IF NOT EXISTS places (place INTEGER PRIMARY KEY, file INTEGER NOT NULL);
  CREATE TABLE IF NOT EXISTS groups (split TEXT, class TEXT, first INTEGER NOT NULL, images INTEGER NOT NULL,
    bytes INTEGER NOT NULL, minimumWidth INTEGER, maximumWidth INTEGER, minimumHeight INTEGER, maximumHeight INTEGER);
  CREATE TEMP VIEW pairs AS
    WITH known (kind, file, of, distance, similarity) AS (
      SELECT iif(distance IS NULL, 'identical', 'near'), file, of, distance, NULL FROM duplicates
      UNION ALL SELECT 'alike', file, of, NULL, similarity FROM alike
      WHERE NOT EXISTS (SELECT 1 FROM duplicates WHERE duplicates.file = alike.file AND duplicates.of = alike.of)
        AND NOT EXISTS (SELECT 1 FROM duplicates WHERE duplicates.file = alike.of AND duplicates.of = alike.file)
    ), open AS (
      SELECT known.*, a.split = 'train' AS trained, b.split = 'train' AS ofTrained
      FROM known JOIN files AS a ON a.id = file JOIN files AS b ON b.id = of
      WHERE NOT a.excluded AND NOT b.excluded
        AND NOT EXISTS (SELECT 1 FROM kept WHERE kept.file = known.file AND kept.of = known.of)
        AND NOT EXISTS (SELECT 1 FROM kept WHERE kept.file = known.of AND kept.of = known.file)
    )
    SELECT kind, file, of, distance, similarity FROM open
    UNION ALL
    SELECT 'leaked', iif(trained, file, of), iif(trained, of, file), distance, similarity FROM open WHERE trained <> ofTrained;
  CREATE TEMP TABLE found (path TEXT PRIMARY KEY, bytes INTEGER, modified INTEGER, problem TEXT);
  CREATE TEMP TABLE placed (folder TEXT PRIMARY KEY, class TEXT, split TEXT);
`

/** Fills places and groups anew. */
const grouping = `
  DELETE FROM places;
  INSERT INTO places (file) SELECT id FROM files WHERE problem IS NULL ORDER BY split, class, path;
  DELETE FROM groups;
  INSERT INTO groups
    SELECT split, class, min(place), count(*), sum(bytes), min(width), max(width), min(height), max(height)
    FROM places JOIN files ON files.id = file GROUP BY split, class;
`

/** The same, where images came, went or changed. */
export const numbering = `
  ${grouping}
  DELETE FROM duplicates WHERE NOT EXISTS (SELECT 1 FROM places WHERE places.file = duplicates.file)
    OR NOT EXISTS (SELECT 1 FROM places WHERE places.file = duplicates.of);
  DELETE FROM alike WHERE NOT EXISTS (SELECT 1 FROM places WHERE places.file = alike.file)
    OR NOT EXISTS (SELECT 1 FROM places WHERE places.file = alike.of);
  DELETE FROM kept WHERE NOT EXISTS (SELECT 1 FROM places WHERE places.file = kept.file)
    OR NOT EXISTS (SELECT 1 FROM places WHERE places.file = kept.of);
  DELETE FROM losses WHERE NOT EXISTS (SELECT 1 FROM files WHERE files.id = losses.file AND problem IS NULL);
  DELETE FROM features WHERE NOT EXISTS (SELECT 1 FROM files WHERE files.id = features.file AND problem IS NULL);
  DELETE FROM suggestions WHERE NOT EXISTS (SELECT 1 FROM places WHERE places.file = suggestions.file);
  DELETE FROM clustered WHERE NOT EXISTS (SELECT 1 FROM places WHERE places.file = clustered.file);
  DELETE FROM odd WHERE NOT EXISTS (SELECT 1 FROM places WHERE places.file = odd.file);
  DELETE FROM facts WHERE name NOT IN ('notices', 'odd');
`

/** The folder of a path with its last slash; empty at the top. */
const folderOf = "rtrim(path, replace(path, '/', ''))"

/** An image that training may use; `split` is what its folder says. */
export interface UsableImage {
  path: string
  bytes: number
  width: number
  height: number
  class: string | null
  split: Split | null
}

/** What `facts` holds. */
type Fact = 'notices' | 'statistics' | 'check' | 'compared' | 'odd'

interface ScanOptions {
  onProgress?(read: { images: number; unreadable: number; found: number }): void
  onFolder?(folder: string): void
  /** Ends the scan between headers: what was read stays. */
  signal?: AbortSignal | undefined
}

/** Raised when headers are read otherwise than before: the next scan looks at every file again. */
const reading = 1
const rowsAtOnce = 500

/**
 * Index of a folder of images in a SQLite file (":memory:" for none). Rows pass between SQLite and JavaScript as JSON,
 * hundreds at a time: many times faster than one by one, and few are in memory.
 */
export class DatasetIndex {
  private readonly database: Database.Database

  constructor(
    readonly folder: string,
    file: string,
  ) {
    if (file !== ':memory:') mkdirSync(path.dirname(file), { recursive: true })
    this.database = new Database(file)
    this.database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA busy_timeout = 10000')
    this.database.exec(schema)
    const columns = this.rows<{ name: string }>('PRAGMA table_info(files)')
    // An index from before a person could say more of images than their folders do.
    if (!columns.some(({ name }) => name === 'folderClass'))
      this.database.exec(
        'ALTER TABLE files ADD COLUMN folderClass TEXT; UPDATE files SET folderClass = class',
      )
  }

  close = () => void this.database.close()

  /** Throws where the file is not whole, or lacks a column. */
  requireWhole(): void {
    const [row] = this.rows<{ quick_check: string }>('PRAGMA quick_check(1)')
    if (row?.quick_check !== 'ok')
      throw Object.assign(new Error(row?.quick_check ?? 'no answer'), { code: 'SQLITE_CORRUPT' })
    for (const columns of [
      'id, path, class, folderClass, split, width, height, bytes, excluded, modified, format, orientation, problem, content, perceptual FROM files',
      'file, of, distance FROM duplicates',
      'file, of, similarity FROM alike',
      'file, of FROM kept',
      'id, run, step FROM measured',
      'checkpoint, file, loss FROM losses',
      'checkpoint, file, row FROM features',
      'path, class, tags FROM labels',
      'id, what, before FROM acts',
      'file, class, confidence FROM suggestions',
      'file, cluster, distance FROM clustered',
      'file, score, patches FROM odd',
      'name, value FROM facts',
      'place, file FROM places',
      'split, class, first, images, bytes, minimumWidth, maximumWidth, minimumHeight, maximumHeight FROM groups',
    ])
      this.rows(`SELECT ${columns} LIMIT 0`)
  }

  excludedPaths = (): string[] =>
    this.rows<{ path: string }>('SELECT path FROM files WHERE excluded').map(({ path }) => path)

  /** Excludes images that the next scan may find. */
  expectExcluded(paths: string[]): void {
    this.run(
      `INSERT OR IGNORE INTO files (path, bytes, modified, problem, excluded)
       SELECT value, -1, -1, 'not scanned yet', 1 FROM json_each(?)`,
      JSON.stringify(paths),
    )
  }

  /**
   * Compares the folder with the index: reads the headers of new and changed files and forgets those that are
   * gone. Throws AppError folder-missing, not-a-folder, no-images or, where the signal ends it, stopped.
   */
  async scan({ onProgress, onFolder, signal }: ScanOptions = {}): Promise<void> {
    await expectFolder(this.folder)
    this.database.exec('DELETE FROM found')
    if (this.one<{ user_version: number }>('PRAGMA user_version').user_version !== reading)
      this.run('UPDATE files SET modified = -1')
    const leftOut = new Map<string, number>()
    const onLeftOut = (name: string, images: number) =>
      void leftOut.set(name, (leftOut.get(name) ?? 0) + images)
    for await (const files of imageFiles(this.folder, { onFolder, onLeftOut })) {
      if (signal?.aborted) throw scanStopped()
      this.addFound(files)
    }
    this.keepExclusions()
    const gone = this.run(
      'DELETE FROM files WHERE NOT EXISTS (SELECT 1 FROM found WHERE found.path = files.path)',
    )
    let changed = gone > 0
    const { found } = this.one<{ found: number }>('SELECT count(*) AS found FROM found')
    const progress = { ...this.unchanged(), found }
    for (let files = this.changedAfter(''); files.length; files = this.changedAfter(files.at(-1)!.path)) {
      const described = await describeFiles(this.folder, files)
      this.store(described)
      changed = true
      for (const { problem } of described) progress[problem === null ? 'images' : 'unreadable']++
      onProgress?.(progress)
      if (signal?.aborted) break
    }
    if (!signal?.aborted) this.database.exec(`PRAGMA user_version = ${reading}`)
    const layout = this.place()
    if (changed || layout.moved) this.number()
    this.keepFact('notices', [...leftOutNotice(leftOut), ...this.refused(), ...layout.notices])
    if (signal?.aborted) throw scanStopped()
    if (progress.images === 0) throw noImages(this.folder, this.unreadable(0, 1).files[0])
  }

  summary(): DatasetSummary {
    const sizes = this.one<Record<string, number | null>>(`
      SELECT sum(bytes) AS bytes, min(minimumWidth) AS minimumWidth, max(maximumWidth) AS maximumWidth,
        min(minimumHeight) AS minimumHeight, max(maximumHeight) AS maximumHeight FROM groups`)
    const { bytes, ...sides } = sizes
    const used = this.rows<{ split: Split | null; class: string | null; images: number }>(`
      SELECT split, class, images - (
        SELECT count(*) FROM files
        WHERE excluded AND problem IS NULL AND files.split IS groups.split AND files.class IS groups.class
      ) AS images FROM groups ORDER BY class`)
    const classes = new Map<string, number>()
    const splits = { none: 0, train: 0, validation: 0, test: 0 }
    for (const group of used) {
      splits[group.split ?? 'none'] += group.images
      if (group.class !== null) classes.set(group.class, (classes.get(group.class) ?? 0) + group.images)
    }
    const { unreadable, excluded, unchecked, copies } = this.counts()
    return {
      images: used.reduce((sum, group) => sum + group.images, 0),
      unreadable,
      excluded,
      bytes: bytes ?? 0,
      sizes: used.length ? (sides as DatasetSummary['sizes']) : null,
      classes: [...classes].map(([name, images]) => ({ name, images })),
      splits,
      unchecked,
      copies,
      notices: this.notices(),
      newestAct:
        this.rows<{ what: string }>('SELECT what FROM acts ORDER BY id DESC LIMIT 1')[0]?.what ?? null,
    }
  }

  /** The path of an image, relative to the folder; null where there is no such image. */
  pathOf = (id: number): string | null =>
    this.rows<{ path: string }>('SELECT path FROM files WHERE id = ?', id)[0]?.path ?? null

  unreadable(offset: number, limit: number): { total: number; files: { path: string; reason: string }[] } {
    const files = this.rows<{ path: string; reason: string }>(
      'SELECT path, problem AS reason FROM files WHERE problem IS NOT NULL ORDER BY path LIMIT ? OFFSET ?',
      limit,
      offset,
    )
    return { total: this.counts().unreadable, files }
  }

  /** The images that training may use, some at a time, by split, class and path; those that fit a condition on `files`. */
  *usable(condition = 'true', ...parameters: unknown[]): Generator<UsableImage[]> {
    const { last } = this.one<{ last: number | null }>('SELECT max(place) AS last FROM places')
    for (let first = 1; first <= (last ?? 0); first += rowsAtOnce) {
      const { text } = this.one<{ text: string }>(
        `SELECT json_group_array(json_object('path', path, 'bytes', bytes, 'width', width, 'height', height, 'class', class, 'split', split)) AS text
         FROM (SELECT * FROM places JOIN files ON files.id = file WHERE place >= ? AND place < ? AND problem IS NULL AND NOT excluded AND ${condition} ORDER BY place)`,
        first,
        first + rowsAtOnce,
        ...parameters,
      )
      yield JSON.parse(text)
    }
  }

  private addFound(files: FoundFile[]): void {
    this.run(
      `INSERT OR REPLACE INTO found
       SELECT value ->> 'path', value ->> 'bytes', value ->> 'modified', value ->> 'problem' FROM json_each(?)`,
      JSON.stringify(files),
    )
  }

  /** What is excluded below folders that cannot be opened now is not gone, and waits to be found again. */
  private keepExclusions(): void {
    this.run(`
      INSERT OR IGNORE INTO found
      SELECT files.path, -1, -1, folders.problem FROM found AS folders JOIN files
      ON substr(files.path, 1, length(folders.path)) = folders.path
      WHERE folders.path LIKE '%/' AND files.path <> folders.path AND excluded`)
  }

  private unchanged = () =>
    this.one<{ images: number; unreadable: number }>(`
      SELECT count(*) - count(files.problem) AS images, count(files.problem) AS unreadable
      FROM files JOIN found USING (path, bytes, modified)`)

  /** Files to be read, after a path in their order. */
  private changedAfter = (after: string): FoundFile[] =>
    this.rows(
      `SELECT path, bytes, modified, found.problem FROM found
       WHERE path > ? AND NOT EXISTS (
         SELECT 1 FROM files
         WHERE files.path = found.path AND files.bytes = found.bytes AND files.modified = found.modified)
       ORDER BY path LIMIT ${rowsAtOnce}`,
      after,
    )

  private store(files: Described[]): void {
    const names = ['path', 'bytes', 'modified', 'format', 'width', 'height', 'orientation', 'problem'] // prettier-ignore
    const updates = names.slice(1).map((name) => `${name} = excluded.${name}`)
    updates.push('content = NULL', 'perceptual = NULL')
    for (const table of ['losses', 'features', 'odd'])
      this.run(
        `DELETE FROM ${table} WHERE file IN (SELECT files.id FROM files JOIN json_each(?) AS new ON files.path = new.value)`,
        JSON.stringify(files.map(({ path }) => path)),
      )
    this.run(
      `INSERT INTO files (${names.join()})
       SELECT ${names.map((name) => `value ->> '${name}'`).join()} FROM json_each(?) WHERE true
       ON CONFLICT (path) DO UPDATE SET ${updates.join()}`,
      JSON.stringify(files),
    )
  }

  /** Gives all files the class and split of their folders; `moved` tells whether that changed any. */
  private place(): { moved: boolean; notices: string[] } {
    const known = this.rows<Place & { folder: string; images: number }>(
      `SELECT ${folderOf} AS folder, folderClass AS class, split, count(*) - count(problem) AS images FROM files GROUP BY 1, 2, 3`,
    )
    const pathOf = (folder: string) => folder.slice(0, -1)
    const { places, notices } = layoutOf(
      known.filter(({ images }) => images > 0).map(({ folder }) => pathOf(folder)),
    )
    const changed = known.flatMap(({ folder, class: name, split }) => {
      const place = places.get(pathOf(folder))
      return place && (place.class !== name || place.split !== split) ? [{ folder, ...place }] : []
    })
    if (changed.length === 0) return { moved: this.giveClasses(), notices }
    this.run(
      `INSERT OR REPLACE INTO placed
       SELECT value ->> 'folder', value ->> 'class', value ->> 'split' FROM json_each(?)`,
      JSON.stringify(changed),
    )
    this.run(
      `UPDATE files SET (folderClass, split) = (SELECT class, split FROM placed WHERE folder = ${folderOf})
       WHERE ${folderOf} IN (SELECT folder FROM placed)`,
    )
    this.run('DELETE FROM placed')
    this.giveClasses()
    return { moved: true, notices }
  }

  /** Gives each image the class that a person gave it, or else that of its folder; tells whether that changed any. */
  giveClasses = (): boolean =>
    this.run(`
      UPDATE files SET class = given.class FROM (
        SELECT id, ifnull(labels.class, folderClass) AS class FROM files LEFT JOIN labels ON labels.path = files.path
      ) AS given WHERE given.id = files.id AND files.class IS NOT given.class`) > 0

  /** Numbers the readable images anew where only classes or splits changed. */
  group = () => void this.database.exec(grouping)

  /** How many files of each format that is not decoded there are. */
  private refused(): string[] {
    const kinds = this.rows<{ problem: string; files: number }>(`
      SELECT problem, count(*) AS files FROM files WHERE problem LIKE '%cannot be decoded here%'
      GROUP BY problem ORDER BY files DESC`)
    return kinds.map(({ problem, files }) => `Left out ${counted(files, 'files')}: ${problem}.`)
  }

  private notices = (): string[] => this.fact<string[]>('notices') ?? []

  /** What was measured of the data set; null where that was not done since it changed. */
  fact<T>(name: Fact): T | null {
    const [row] = this.rows<{ value: string }>('SELECT value FROM facts WHERE name = ?', name)
    return row ? JSON.parse(row.value) : null
  }

  keepFact = (name: Fact, value: unknown): void =>
    void this.run('INSERT OR REPLACE INTO facts VALUES (?, ?)', name, JSON.stringify(value))

  /** Numbers the readable images anew. */
  number(): void {
    this.database.exec(`BEGIN; ${numbering} COMMIT`)
  }

  private counts = () =>
    this.one<{ unreadable: number; excluded: number; unchecked: number; copies: number }>(`
      SELECT (SELECT count(*) FROM files WHERE problem IS NOT NULL) AS unreadable,
        (SELECT count(*) FROM files WHERE excluded AND problem IS NULL) AS excluded,
        (SELECT count(*) FROM files WHERE problem IS NULL AND content IS NULL) AS unchecked,
        (SELECT count(*) FROM pairs WHERE kind IN ('identical', 'near')) AS copies`)

  /** Runs a statement; answers how many rows it changed. */
  run = (sql: string, ...parameters: unknown[]): number =>
    this.database.prepare(sql).run(...parameters).changes

  /** Puts rows in place of all that a table holds. */
  replace<T extends object>(table: string, columns: (keyof T & string)[], rows: T[]): void {
    this.run(`DELETE FROM ${table}`)
    this.run(
      `INSERT INTO ${table} (${columns.join()}) SELECT ${columns.map((name) => `value ->> '${name}'`).join()} FROM json_each(?)`,
      JSON.stringify(rows),
    )
  }

  /** All that some statements do, or nothing. */
  transaction(work: () => void): void {
    this.database.transaction(work)()
  }

  /** One column of any number of rows: together they come many times faster than row by row. */
  column = <T>(sql: string, ...parameters: unknown[]): T[] => {
    const query = `WITH given (value) AS (${sql}) SELECT json_group_array(value) AS text FROM given`
    return JSON.parse(this.one<{ text: string }>(query, ...parameters).text) as T[]
  }

  rows = <T>(sql: string, ...parameters: unknown[]) => this.database.prepare(sql).all(...parameters) as T[]
  one = <T>(sql: string, ...parameters: unknown[]) => this.rows<T>(sql, ...parameters)[0]!
}

/** Throws AppError folder-missing or not-a-folder, and what else the system says. */
async function expectFolder(folder: string): Promise<void> {
  const info = await stat(folder).catch((error: unknown) => {
    if (isMissing(error)) return null
    throw error
  })
  if (!info) throw new AppError('folder-missing', `There is no folder ${folder}.`, 'Check the path.')
  if (!info.isDirectory())
    throw new AppError('not-a-folder', `${folder} is a file.`, 'Choose the folder that holds your images.')
}

const scanStopped = () => new AppError('stopped', 'The scan was stopped.', 'Scan again to see all images.')

function leftOutNotice(leftOut: Map<string, number>): string[] {
  const images = [...leftOut.values()].reduce((a, b) => a + b, 0)
  if (images === 0) return []
  return [`Left out: ${counted(images, 'images')} in folders of the system, ${listed([...leftOut.keys()])}.`]
}

function noImages(folder: string, unreadable?: { path: string; reason: string }): AppError {
  const found = unreadable
    ? `None of the image files in ${folder} can be read (the first, ${unreadable.path}: ${unreadable.reason}).`
    : `There are no images in ${folder}.`
  return new AppError(
    'no-images',
    found,
    'Choose a folder with JPEG, PNG, WebP, AVIF, TIFF, GIF, BMP or PPM files.',
  )
}
