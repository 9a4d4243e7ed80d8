import { cp, mkdir, realpath, rm, stat } from 'node:fs/promises'
import path from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import {
  type Handlers,
  type Dataset,
  dataset as datasetSchema,
  type DatasetSummary,
  type Emit,
  type Split,
  type Unreadable,
} from '#shared/contract'
import { AppError, toErrorData } from '#shared/errors'
import { imagesCoco, imagesCsv } from '#images/index/taken'
import type { SplitRule } from '#images/index/split'
import { dataFolder, datasetId, datasetsFolder, isPackaged, sampleImagesFolder } from '#platform/paths'
import { aside, inTurn } from '#platform/background'
import type { Fork } from '#platform/processes'
import { reasonOf } from '#shared/system-errors'
import { isMissing, listOf, OutOfHandles } from '#storage/own-files'
import { fileName, freeName } from '#storage/free-name'
import { writeFileSafely } from '#storage/files'
import { copyOf, readRecord, writeRecord } from '#storage/record'
import type { LibraryCalls } from '#jobs/scan/process'
import { takeByClass } from './by-class'
import { Library } from './library'
import type { RunImages } from './runs/start'

type DatasetCalls = Pick<
  Handlers,
  | 'datasets.list'
  | 'datasets.add'
  | 'datasets.addSample'
  | 'datasets.rescan'
  | 'datasets.stopScan'
  | 'datasets.locate'
  | 'datasets.watch'
  | 'datasets.rename'
  | 'datasets.remove'
  | 'datasets.images'
  | 'datasets.facets'
  | 'datasets.sample'
  | 'datasets.unreadable'
  | 'datasets.label'
  | 'datasets.undo'
  | 'datasets.clusters'
  | 'datasets.renameCluster'
  | 'datasets.take'
  | 'datasets.setOddThreshold'
  | 'datasets.oddPatches'
  | 'datasets.exportOdd'
  | 'datasets.exportLabels'
  | 'datasets.importLabels'
  | 'datasets.check'
  | 'datasets.report'
  | 'datasets.duplicates'
  | 'datasets.keepPair'
  | 'datasets.excludeDuplicates'
>

/** What a call of the library takes beside the folder. */
type Rest<P> = P extends [folder: string, ...rest: infer R] ? R : never

/** What a record says before its first scan. */
const unscanned = {
  status: 'scanning',
  images: 0,
  unreadable: 0,
  excluded: 0,
  bytes: 0,
  classes: [],
  splits: { none: 0, train: 0, validation: 0, test: 0 },
  sizes: null,
  unchecked: 0,
  copies: 0,
  notices: [],
  newestAct: null,
  found: null,
  checking: null,
  scannedAt: null,
  error: null,
  errorCode: null,
} satisfies Partial<Dataset>

/** How a scan begins. */
const unscannedYet = {
  ...{ status: 'scanning', images: 0, unreadable: 0, found: null, error: null, errorCode: null },
} satisfies Partial<Dataset>

/** The data sets that the person added: a record and an index each, below the application's data folder. */
export class Datasets {
  private readonly folder = datasetsFolder()
  private readonly records = new Map<string, Dataset>()
  /** Records are written and removed one after the other: what is removed while it is written stays away. */
  private readonly inTurn = inTurn()
  private unreadable: Unreadable[] = []
  private readonly library: Library
  private loaded: Promise<void> | null = null

  constructor(
    fork: Fork,
    private readonly emit: Emit,
  ) {
    this.library = new Library(fork, {
      progress: (folder, read) => {
        const record = this.records.get(datasetId(folder))
        if (record?.status === 'scanning') this.change({ ...record, ...read })
      },
      checked: (folder, checking) => {
        const record = this.records.get(datasetId(folder))
        if (record && record.checking !== null) this.change({ ...record, checking })
      },
      changed: (folder) => aside(this.refresh(datasetId(folder))),
    })
  }

  readonly calls: DatasetCalls = {
    'datasets.list': async () => {
      await this.load()
      for (const record of this.records.values()) aside(this.lookFor(record))
      return [...this.records.values()]
    },
    'datasets.add': ({ folder }) => this.add(folder),
    'datasets.addSample': async () => this.add(await lastingSampleImages(), 'Sample images'),
    'datasets.rescan': async ({ id }) => this.startScan(await this.get(id)),
    'datasets.stopScan': async ({ id }) => this.library.call('stopScan', (await this.get(id)).folder),
    'datasets.locate': ({ id, folder }) => this.locate(id, folder),
    'datasets.watch': async ({ id }) => {
      await this.library.call('watch', (await this.get(id)).folder)
      await this.refresh(id)
    },
    'datasets.rename': async ({ id, name }) => this.save({ ...(await this.get(id)), name }),
    'datasets.remove': ({ id }) => this.remove(id),
    'datasets.images': async ({ id, offset, limit, ...filter }) =>
      this.library.call('page', (await this.get(id)).folder, filter, offset, limit),
    'datasets.facets': async ({ id, ...filter }) =>
      this.library.call('facets', (await this.get(id)).folder, filter),
    'datasets.sample': async ({ id, count }) =>
      this.library.call('sample', (await this.get(id)).folder, count),
    'datasets.unreadable': async ({ id, offset, limit }) =>
      this.library.call('unreadable', (await this.get(id)).folder, offset, limit),
    'datasets.check': async ({ id, again }) => this.startCheck(await this.get(id), again),
    'datasets.report': async ({ id }) => this.library.call('report', (await this.get(id)).folder),
    'datasets.duplicates': async ({ id, kind, offset, limit }) =>
      this.library.call('duplicates', (await this.get(id)).folder, kind, offset, limit),
    'datasets.keepPair': async ({ id, copy, of, kept }) =>
      this.summarise(id, this.library.call('keepPair', (await this.get(id)).folder, copy, of, kept)),
    'datasets.excludeDuplicates': async ({ id, kind }) =>
      this.summarise(id, this.library.call('excludeDuplicates', (await this.get(id)).folder, kind)),
    'datasets.label': ({ id, images, change }) => this.summarise(id, this.ask(id, 'label', images, change)),
    'datasets.undo': ({ id }) => this.summarise(id, this.ask(id, 'undo')),
    'datasets.clusters': ({ id }) => this.ask(id, 'clusters'),
    'datasets.renameCluster': ({ id, from, to }) => this.ask(id, 'renameCluster', from, to),
    'datasets.take': ({ id, images, folder, as }) => this.take(id, images, folder, as),
    'datasets.setOddThreshold': ({ id, threshold }) => this.ask(id, 'setOddThreshold', threshold),
    'datasets.oddPatches': ({ id, image }) => this.ask(id, 'oddPatches', image),
    'datasets.exportOdd': async ({ id, folder }) =>
      this.write(id, folder, 'odd.csv', await this.ask(id, 'oddCsv')),
    'datasets.exportLabels': async ({ id, folder }) =>
      this.write(id, folder, 'labels.csv', await this.ask(id, 'labels')),
    'datasets.importLabels': ({ id, text, name }) =>
      this.summarise(id, this.ask(id, 'importLabels', text, name)),
  }

  async get(id: string): Promise<Dataset> {
    await this.load()
    const record = this.records.get(id)
    if (!record)
      throw new AppError('folder-missing', 'This data set is not in the list any more.', 'Add it again.')
    return record
  }

  /** Writes the list of images of a new run; answers how many images each split has. */
  async writeManifest(id: string, file: string, rule: SplitRule): Promise<Record<Split, number>> {
    return this.library.call('writeManifest', (await this.get(id)).folder, file, rule)
  }

  /** The images of a data set for a new run. */
  imagesOf = (id: string): RunImages => ({
    writeManifest: (file, rule) => this.writeManifest(id, file, rule),
    statistics: async () => this.library.call('statistics', (await this.get(id)).folder),
  })

  /** Asks the index of a data set something that no page asks. */
  async ask<N extends keyof LibraryCalls>(
    id: string,
    name: N,
    ...parameters: Rest<Parameters<LibraryCalls[N]>>
  ): Promise<Awaited<ReturnType<LibraryCalls[N]>>> {
    const { folder } = await this.get(id)
    return this.library.call(name, ...([folder, ...parameters] as unknown as Parameters<LibraryCalls[N]>))
  }

  /** Takes images elsewhere; those without a class into a folder of their own. */
  private async take(id: string, ids: number[], folder: string, as: 'copies' | 'links' | 'csv' | 'coco') {
    const { folder: from } = await this.get(id)
    const images = await this.ask(id, 'images', ids)
    const taken = async () => {
      if (as === 'csv') return this.write(id, folder, 'images.csv', imagesCsv(images))
      if (as === 'coco') return this.write(id, folder, 'images.json', imagesCoco(images))
      const classed = images.map((one) => ({ path: one.path, class: one.class ?? 'No class' }))
      return { path: await takeByClass(from, classed, folder, as) }
    }
    return { images: images.length, path: (await taken()).path }
  }

  /** Writes a text as a new file, named after the data set and what it holds. */
  private async write(id: string, folder: string, what: string, text: string) {
    const { name, ext } = path.parse(what)
    const target = await freeName(folder, `${fileName((await this.get(id)).name)}-${name}`, ext)
    await writeFileSafely(target, text)
    return { path: target, bytes: Buffer.byteLength(text) }
  }

  /** The file of an image's picture; null where there is none. */
  async thumbnail(id: string, image: number, size: 'small' | 'large'): Promise<string | null> {
    return this.library.call('thumbnail', (await this.get(id)).folder, image, size)
  }

  close = () => this.library.close()

  private async add(chosen: string, name = path.basename(chosen)): Promise<Dataset> {
    await this.load()
    const folder = await realpath(chosen).catch((error: unknown) => {
      if (!isMissing(error)) throw error
      throw new AppError('folder-missing', `There is no folder ${chosen}.`, 'Check the path.')
    })
    if (!(await stat(folder)).isDirectory())
      throw new AppError('not-a-folder', `${folder} is a file.`, 'Choose the folder that holds your images.')
    const known = [...this.records.values()].find((d) => d.folder === folder)
    if (known) return known
    return this.startScan({
      ...unscanned,
      id: datasetId(folder),
      name,
      folder,
      addedAt: new Date().toISOString(),
    })
  }

  private async startScan(record: Dataset): Promise<Dataset> {
    const scanning = await this.save({ ...record, ...unscannedYet })
    aside(this.conclude(record.id, 'scan', this.library.call('scan', record.folder)))
    return scanning
  }

  /** Scans again without a word, and tells only what changed. */
  private async refresh(id: string): Promise<void> {
    const record = this.records.get(id)
    if (!record || record.status === 'scanning') return
    const changes = await this.library.call('scan', record.folder).then(
      (summary) => ({ ...summary, status: 'ready' as const, error: null, errorCode: null }),
      (error: unknown) => ({ status: 'failed' as const, ...reasonsOf(error) }),
    )
    const known = this.records.get(id)
    if (!isDeepStrictEqual(known, { ...known, ...changes }))
      await this.finish(id, { ...changes, scannedAt: new Date().toISOString() })
  }

  /** Notices that a folder is gone, or there again. */
  private async lookFor({ id, folder, status, errorCode }: Dataset): Promise<void> {
    const there = await stat(folder).then(
      () => true,
      (error: unknown) => !isMissing(error),
    )
    if (status !== 'scanning' && there === (errorCode === 'folder-missing')) await this.refresh(id)
  }

  private async locate(id: string, folder: string): Promise<Dataset> {
    const { name, folder: before } = await this.get(id)
    const excluded = await this.library.call('excluded', before)
    const real = await realpath(folder)
    if (!this.records.has(datasetId(real))) {
      await this.library.call('expectExcluded', real, excluded)
      await this.library.call('expectLabels', real, await this.library.call('labels', before))
    }
    const found = await this.add(folder, name)
    if (found.id !== id) await this.remove(id)
    return found
  }

  private async remove(id: string): Promise<void> {
    const { folder } = await this.get(id)
    this.records.delete(id)
    await this.inTurn(async () => {
      for (const file of [this.file(id), copyOf(this.file(id))]) await rm(file, { force: true })
    })
    await this.library.call('forget', folder)
    this.emit('datasets.removed', { id })
  }

  /** Keeps what a change of the index made of a data set. */
  async summarise(id: string, changed: Promise<DatasetSummary>): Promise<Dataset> {
    const summary = await changed
    return this.save({ ...(await this.get(id)), ...summary })
  }

  private startCheck(record: Dataset, again: boolean): Dataset {
    if (record.status !== 'ready' || record.checking !== null) return record
    aside(this.conclude(record.id, 'check', this.library.call('check', record.folder, again)))
    return this.change({ ...record, checking: 0 })
  }

  /** Keeps what came of a scan or check; where that cannot be kept, as on a full disk, the record of this session says so. */
  private async conclude(id: string, work: 'scan' | 'check', found: Promise<DatasetSummary>): Promise<void> {
    const failed = (error: unknown): Partial<Dataset> => ({
      checking: null,
      found: null,
      ...reasonsOf(error),
      ...(work === 'scan' && { status: 'failed' }),
    })
    try {
      const scanned = work === 'scan' && { status: 'ready' as const, scannedAt: new Date().toISOString() }
      const changes = await found.then(
        (summary) => ({ checking: null, found: null, ...scanned, ...summary }),
        failed,
      )
      await this.finish(id, changes)
    } catch (error) {
      const record = this.records.get(id)
      if (record) this.change({ ...record, ...failed(error) })
      console.error(error)
    }
  }

  /** The person may have renamed or removed the data set while it was scanned. */
  private async finish(id: string, changes: Partial<Dataset>): Promise<void> {
    const record = this.records.get(id)
    if (record) await this.save({ ...record, ...changes })
  }

  private change(record: Dataset): Dataset {
    this.records.set(record.id, record)
    this.emit('datasets.changed', record)
    return record
  }

  private async save(record: Dataset): Promise<Dataset> {
    this.change(record)
    await this.inTurn(async () => {
      if (!this.records.has(record.id)) return // removed meanwhile
      await mkdir(this.folder, { recursive: true })
      await writeRecord(this.file(record.id), record)
    })
    return record
  }

  /** What lies beside the records and is none. */
  async survey(): Promise<{ unreadable: Unreadable[] }> {
    await this.load()
    return { unreadable: this.unreadable }
  }

  /** Reads the records once; tries again where that fails. */
  private load = (): Promise<void> =>
    (this.loaded ??= this.readAll().catch((error: unknown) => {
      this.loaded = null
      throw error
    }))

  /** What was being scanned when the application ended is scanned again. */
  private async readAll(): Promise<void> {
    this.unreadable = []
    for (const { name } of await listOf(this.folder)) {
      if (!name.endsWith('.json')) continue
      const file = path.join(this.folder, name)
      try {
        const record = await readDataset(file)
        this.records.set(record.id, record)
      } catch (error) {
        if (error instanceof OutOfHandles) throw error
        this.unreadable.push({ kind: 'dataset', path: file, reason: reasonOf(error) })
      }
    }
    for (const record of this.records.values()) if (record.status === 'scanning') await this.startScan(record)
  }

  private file = (id: string) => path.join(this.folder, `${id}.json`)
}

/** The record of a data set, to be scanned where it does not say all that a scan finds, as that of an earlier version. */
async function readDataset(file: string): Promise<Dataset> {
  const stored = await readRecord(file)
  const whole = datasetSchema.safeParse(stored)
  const { id, name = path.basename(String(stored['folder'])), folder, addedAt } = stored
  const record = whole.success ? whole.data : datasetSchema.parse({ ...unscanned, id, name, folder, addedAt })
  if (`${record.id}.json` !== path.basename(file)) throw new Error(`it is the record of ${record.id}`)
  return { ...record, found: null, checking: null }
}

/** Why a scan or check failed. */
function reasonsOf(error: unknown) {
  const { message, code } = toErrorData(error)
  return { error: message, errorCode: code }
}

/** The sample images where they stay: an AppImage, for one, lies elsewhere at each start. */
async function lastingSampleImages(): Promise<string> {
  if (!isPackaged) return sampleImagesFolder()
  const copy = path.join(dataFolder(), 'sample-images')
  await cp(sampleImagesFolder(), copy, { recursive: true })
  return copy
}
