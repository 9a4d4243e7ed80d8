import { createHash, randomUUID } from 'node:crypto'
import { mkdir, readdir, readFile, realpath, rename, rm, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { type Handlers, type Dataset, dataset as datasetSchema, type Emit } from '../../src-shared/contract'
import { AppError } from '../../src-shared/errors'
import type { ImageFile, Scan } from '../data/scan'
import { dataFolder, sampleImagesFolder } from '../paths'
import type { Fork } from '../port'
import { writeFileSafely } from '../training/files'
import { Library } from './library'

type DatasetCalls = Pick<
  Handlers,
  | 'datasets.list'
  | 'datasets.add'
  | 'datasets.addSample'
  | 'datasets.rescan'
  | 'datasets.rename'
  | 'datasets.remove'
  | 'datasets.images'
  | 'datasets.unreadable'
>

const thumbnailSide = 192

/** The data sets that the person added: a record and a list of images each, below the application's data folder. */
export class Datasets {
  private readonly folder = path.join(dataFolder(), 'datasets')
  private readonly records = new Map<string, Dataset>()
  private readonly scans = new Map<string, Scan>()
  private readonly library: Library
  private loaded: Promise<void> | null = null

  constructor(
    fork: Fork,
    private readonly emit: Emit,
  ) {
    this.library = new Library(fork, (folder, found) => {
      const record = [...this.records.values()].find((d) => d.folder === folder && d.status === 'scanning')
      if (record) this.change({ ...record, ...found })
    })
  }

  readonly calls: DatasetCalls = {
    'datasets.list': async () => {
      await this.load()
      return [...this.records.values()]
    },
    'datasets.add': ({ folder }) => this.add(folder),
    'datasets.addSample': () => this.add(sampleImagesFolder(), 'Sample images'),
    'datasets.rescan': async ({ id }) => this.startScan(await this.get(id)),
    'datasets.rename': async ({ id, name }) => this.save({ ...(await this.get(id)), name }),
    'datasets.remove': async ({ id }) => {
      await this.get(id)
      this.records.delete(id)
      this.scans.delete(id)
      await rm(this.file(id), { force: true })
      await rm(this.scanFile(id), { force: true })
      this.emit('datasets.removed', { id })
    },
    'datasets.images': async ({ id, offset, limit, class: name }) => {
      const images = await this.images(id)
      const all = [...images.keys()]
      const chosen = name === undefined ? all : all.filter((index) => (images[index]!.class ?? '') === name)
      return {
        total: chosen.length,
        images: chosen.slice(offset, offset + limit).map((index) => ({ ...images[index]!, index })),
      }
    },
    'datasets.unreadable': async ({ id }) => (await this.scan(id)).unreadable,
  }

  async get(id: string): Promise<Dataset> {
    await this.load()
    const record = this.records.get(id)
    if (!record)
      throw new AppError('folder-missing', 'This data set is not in the list any more.', 'Add it again.')
    return record
  }

  images = async (id: string): Promise<ImageFile[]> => (await this.scan(id)).images

  /** The file of an image's thumbnail, made when it is first asked for. */
  async thumbnail(id: string, index: number): Promise<string | null> {
    const { folder } = await this.get(id)
    const image = (await this.images(id))[index]
    if (!image) return null
    const file = path.join(folder, image.path)
    const info = await stat(file).catch(() => null)
    if (!info) return null
    const key = createHash('sha1').update(`${file} ${info.mtimeMs} ${info.size}`).digest('hex')
    const cached = path.join(dataFolder(), 'thumbnails', key.slice(0, 2), `${key}.webp`)
    if (await stat(cached).catch(() => null)) return cached
    const bytes = await this.library.thumbnail(file, thumbnailSide)
    if (!bytes) return null
    await mkdir(path.dirname(cached), { recursive: true })
    // The same thumbnail may be asked for twice at once: nobody must see half a file.
    const temporary = `${cached}.${randomUUID()}`
    await writeFile(temporary, bytes)
    await rename(temporary, cached)
    return cached
  }

  close = () => this.library.close()

  private async add(chosen: string, name = path.basename(chosen)): Promise<Dataset> {
    await this.load()
    const folder = await realpath(chosen).catch(() => {
      throw new AppError('folder-missing', `There is no folder ${chosen}.`, 'Check the path.')
    })
    if (!(await stat(folder)).isDirectory())
      throw new AppError('not-a-folder', `${folder} is a file.`, 'Choose the folder that holds your images.')
    const known = [...this.records.values()].find((d) => d.folder === folder)
    if (known) return known
    return this.startScan({
      id: `d-${createHash('sha1').update(folder).digest('hex').slice(0, 12)}`,
      name,
      folder,
      status: 'scanning',
      images: 0,
      unreadable: 0,
      bytes: 0,
      classes: [],
      sizes: null,
      addedAt: new Date().toISOString(),
      scannedAt: null,
      error: null,
    })
  }

  private async startScan(record: Dataset): Promise<Dataset> {
    const scanning = await this.save({ ...record, status: 'scanning', images: 0, unreadable: 0, error: null })
    void this.library.scan(record.folder).then(
      async (scan) => {
        this.scans.set(record.id, scan)
        await writeFileSafely(this.scanFile(record.id), JSON.stringify(scan))
        await this.finish(record.id, {
          status: 'ready',
          scannedAt: new Date().toISOString(),
          ...summary(scan),
        })
      },
      (error: Error) => this.finish(record.id, { status: 'failed', error: error.message }),
    )
    return scanning
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
    await mkdir(this.folder, { recursive: true })
    await writeFileSafely(this.file(record.id), JSON.stringify(record, null, 2))
    return record
  }

  /** Reads the records once. What was being scanned when the application ended is scanned again. */
  private load(): Promise<void> {
    return (this.loaded ??= (async () => {
      const names = await readdir(this.folder).catch(() => [])
      for (const name of names.filter((n) => n.endsWith('.json') && !n.endsWith('.scan.json'))) {
        const stored = await readFile(path.join(this.folder, name), 'utf8')
          .then(JSON.parse)
          .catch(() => null)
        const record = datasetSchema.safeParse(stored)
        if (record.success) this.records.set(record.data.id, record.data)
      }
      for (const record of this.records.values())
        if (record.status === 'scanning') await this.startScan(record)
    })())
  }

  private async scan(id: string): Promise<Scan> {
    await this.get(id)
    const known = this.scans.get(id)
    if (known) return known
    const text = await readFile(this.scanFile(id), 'utf8').catch(() => '{"images":[],"unreadable":[]}')
    const scan = JSON.parse(text) as Scan
    this.scans.set(id, scan)
    return scan
  }

  private file = (id: string) => path.join(this.folder, `${id}.json`)
  private scanFile = (id: string) => path.join(this.folder, `${id}.scan.json`)
}

/** Counts and sizes of a scan. */
function summary({ images, unreadable }: Scan): Partial<Dataset> {
  const classes = new Map<string, number>()
  const sizes = { minimumWidth: Infinity, maximumWidth: 0, minimumHeight: Infinity, maximumHeight: 0 }
  let bytes = 0
  for (const image of images) {
    bytes += image.bytes
    if (image.class !== null) classes.set(image.class, (classes.get(image.class) ?? 0) + 1)
    sizes.minimumWidth = Math.min(sizes.minimumWidth, image.width)
    sizes.maximumWidth = Math.max(sizes.maximumWidth, image.width)
    sizes.minimumHeight = Math.min(sizes.minimumHeight, image.height)
    sizes.maximumHeight = Math.max(sizes.maximumHeight, image.height)
  }
  return {
    images: images.length,
    unreadable: unreadable.length,
    bytes,
    sizes,
    classes: [...classes].map(([name, count]) => ({ name, images: count })),
  }
}
