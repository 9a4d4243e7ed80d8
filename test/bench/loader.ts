/**
 * `npm run bench -- loader [folder of photographs] [loaders|files|rows]`: images per second from JPEG files of about
 * 500 x 375 to crops of 224, beside torchvision's DataLoader where Python is there, and what a data set of many files
 * costs. Without a folder the photographs are coloured noise with the spectrum of photographs.
 */
import Database from 'libsql'
import { execFileSync } from 'node:child_process'
import { existsSync, linkSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { openBatches } from '#images/batches'
import { DatasetIndex, numbering } from '#images/index/dataset-index'
import { pageOf } from '#images/index/filtered'
import { Manifest, writeManifest } from '#images/manifest'
import type { CacheLimits } from '#images/pixel-cache'
import { imageNetStatistics } from '#shared/image-net'
import { fromPreset } from '#shared/settings/hyperparameters'
import { timed } from '#test/helpers/timed'
import { makePhotographs } from './photographs'

const workers = 2
const home = mkdtempSync(path.join(tmpdir(), 'saim-bench-'))
const python = '.cache/python/bin/python'
const rule = { fraction: 0.05, seed: 0 }

async function main(): Promise<void> {
  const [photographs = await makePhotographs(path.join(home, 'photographs'), 400), part] =
    process.argv.slice(2)
  if (!part || part === 'loaders') await loaders(photographs)
  if (!part || part === 'files') await manyFiles(photographs, 100_000)
  if (!part || part === 'rows') await manyRows(photographs, 1_300_000)
}

/**
 * A folder of so many files, links to a few photographs, and their index: pages, the list of a run, a scan where nothing
 * changed, memory. The rows are written by SQL as the first scan would, since that would read each header.
 */
async function manyRows(photographs: string, count: number): Promise<void> {
  const folder = path.join(home, 'million')
  const file = path.join(home, 'million.db')
  const sources = jpegsBelow(photographs)
  const sizes = sources.map((source) => statSync(source))
  new DatasetIndex(folder, file).close()
  const database = new Database(file)
  const insert = database.prepare(`
    INSERT INTO files (path, bytes, modified, class, split, format, width, height, orientation)
      SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, 'train', 'jpeg', 500, 375, 1 FROM json_each(?)`)
  await timed(`${count} files and rows made`, () => {
    for (let first = 0; first < count; first += 1300) {
      const name = `n${String(first / 1300).padStart(8, '0')}`
      mkdirSync(path.join(folder, 'train', name), { recursive: true })
      const rows = Array.from({ length: Math.min(1300, count - first) }, (_, i) => {
        const relative = `train/${name}/${name}_${first + i}.JPEG`
        const source = (first + i) % sources.length
        linkSync(sources[source]!, path.join(folder, relative))
        return [relative, sizes[source]!.size, Math.round(sizes[source]!.mtimeMs), name]
      })
      insert.run(JSON.stringify(rows))
    }
    database.exec(numbering)
  })
  database.close()

  const index = new DatasetIndex(folder, file)
  await timed('first page of the grid', () => pageOf(index, {}, 0, 200))
  await timed('page in the middle', () => pageOf(index, {}, count / 2, 200))
  await timed('last page', () => pageOf(index, {}, count - 200, 200))
  await timed('page of a class', () => pageOf(index, { classes: ['n00000500'] }, 1000, 200))
  await timed('summary', () => index.summary())
  const start = performance.now()
  await index.scan()
  console.log(`${rate(count, start)} files/s  scan of ${count} files, nothing changed`)
  console.log(`${megabytes()} MB of memory at most so far`)
  const manifest = path.join(home, 'dataset.json')
  await timed('list of a run written', () => writeManifest(manifest, index, rule))
  index.close()
  const read = await timed('and read', () => Manifest.read(manifest))
  console.log(`${megabytes()} MB of memory at most so far, with ${read.length} images in it`)
}

/** A folder of so many files, links to a few photographs: the first scan and one where nothing changed. */
async function manyFiles(photographs: string, count: number): Promise<void> {
  const folder = path.join(home, 'many')
  const sources = jpegsBelow(photographs)
  for (let i = 0; i < count; i++) {
    const place = path.join(folder, `class ${i % 100}`)
    if (i < 100) mkdirSync(place, { recursive: true })
    linkSync(sources[i % sources.length]!, path.join(place, `${i}.jpg`))
  }
  const index = new DatasetIndex(folder, path.join(home, 'many.db'))
  for (const what of ['first', 'again, nothing changed']) {
    const start = performance.now()
    await index.scan()
    console.log(`${rate(count, start)} files/s  scan of ${count} files, ${what}`)
  }
  console.log(`${megabytes()} MB of memory at most so far`)
  index.close()
  rmSync(folder, { recursive: true })
}

/** Ours and torchvision's by turns, so that both have the machine as it is. */
async function loaders(photographs: string): Promise<void> {
  const batches = 20
  for (let turn = 0; turn < 3; turn++) {
    await ours(photographs, batches, { memory: 0, disk: 0 })
    if (existsSync(python)) {
      const script = ['test/bench/torchvision_loader.py', photographs, String(workers), String(batches)]
      const speed = Number(execFileSync(python, script, { encoding: 'utf8' }))
      console.log(`${speed.toFixed(0).padStart(7)} images/s torchvision DataLoader, ${workers} workers`)
    } else console.log('No Python with torchvision here to compare with.')
  }
  await ours(photographs, batches, { memory: 4e9, disk: 0 })
  await ours(photographs, batches, { memory: 0, disk: 4e9 })
}

async function ours(photographs: string, batches: number, cacheLimits: CacheLimits): Promise<void> {
  const index = new DatasetIndex(photographs, ':memory:')
  await index.scan()
  const file = path.join(home, 'photographs.json')
  await writeManifest(file, index, { fraction: 0, seed: 0 })
  index.close()
  const images = await Manifest.read(file)
  const loader = openBatches({
    folder: photographs,
    images,
    chosen: images.indicesOf('train'),
    hyperparameters: fromPreset('base', { batchSize: 64 }),
    firstBatch: 0,
    statistics: imageNetStatistics,
    decoders: workers,
    cacheLimits,
  })
  const { memory, disk } = cacheLimits
  const warm = memory || disk ? 2 * loader.batchesPerEpoch : 10
  const take = async () => {
    const batch = loader.next()
    await batch.arrived()
    loader.recycle(batch)
  }
  for (let i = 0; i < warm; i++) await take()
  const start = performance.now()
  for (let i = 0; i < batches; i++) await take()
  const what = memory ? 'decoded images in memory' : disk ? 'reduced images on disk' : 'decoded anew'
  console.log(`${rate(64 * batches, start)} images/s ours, ${workers} threads, ${what}`)
  await loader.close()
}

const jpegsBelow = (folder: string) =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.jpe?g$/i.test(name))
    .map((name) => path.join(folder, name))

const rate = (count: number, start: number) =>
  ((count / (performance.now() - start)) * 1000).toFixed(0).padStart(7)

const megabytes = () => (process.resourceUsage().maxRSS / 1000).toFixed(0)

void main().finally(() => rmSync(home, { recursive: true, force: true }))
