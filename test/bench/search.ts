/**
 * `npm run bench -- search [images …]`: how long a search over the features of a whole data set takes, and the classifier of few
 * labels, with vectors that were made up.
 */
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { cpus, loadavg, tmpdir } from 'node:os'
import path from 'node:path'
import { DatasetIndex } from '#images/index/dataset-index'
import { beginMeasuring, keepMeasured } from '#images/index/measured'
import { FeatureFile } from '#inference/features/feature-file'
import { unitRows } from '#inference/features/knn'
import { similarTo } from '#inference/features/search'
import { median } from './median'

const counts = process.argv.length > 2 ? process.argv.slice(2).map(Number) : [10_000, 100_000]
const width = 192
const turns = 9

async function main(): Promise<void> {
  console.log(`${cpus().length} cores of ${cpus()[0]!.model}, load ${loadavg()[0]!.toFixed(1)}`)
  for (const count of counts) {
    const folder = mkdtempSync(path.join(tmpdir(), 'saim-bench-'))
    try {
      await search(count, folder)
    } finally {
      rmSync(folder, { recursive: true })
    }
  }
}

async function search(count: number, folder: string): Promise<void> {
  const index = new DatasetIndex(folder, path.join(folder, 'index.db'))
  const checkpoint = { run: 'a-run', step: 1 }
  const all = Array.from({ length: count }, (_, i) => i)
  index.run(
    "INSERT INTO files (path, bytes, modified, class, width, height) SELECT value || '.jpg', 1, 1, NULL, 64, 64 FROM json_each(?)",
    JSON.stringify(all),
  )
  index.number()
  beginMeasuring(index, checkpoint)
  keepMeasured(
    index,
    checkpoint,
    all.map((i) => ({ path: `${i}.jpg`, loss: 0, row: i })),
  )
  const file = path.join(folder, 'features.f16')
  const written = await FeatureFile.toWrite(file, width)
  for (let first = 0; first < count; first += 1000) {
    const rows = all.slice(first, first + 1000)
    // Twenty groups with noise, as a trained model's classes lie.
    const values = Float32Array.from({ length: rows.length * width }, (_, i) => {
      const [row, column] = [first + Math.floor(i / width), i % width]
      return Math.sin((row % 20) * 77 + column ** 2) + Math.sin((first * width + i) ** 2 * 0.37)
    })
    await written.write(rows, unitRows({ values, width }))
  }
  await written.close()
  const times: number[] = []
  for (let turn = 0; turn < turns; turn++) {
    const begin = performance.now()
    const wanted = { paths: [`${turn}.jpg`], features: [] }
    const found = await similarTo(index, file, { ...checkpoint, width }, wanted, 200)
    times.push(performance.now() - begin)
    if (found.length !== 200) throw new Error(`It found ${found.length} images.`)
  }
  console.log(
    `${count} images, ${(statSync(file).size / 1e6).toFixed(1)} MB: the 200 most similar in ${median(times).toFixed(0)} ms (median of ${turns}, first ${times[0]!.toFixed(0)} ms)`,
  )
  index.close()
}

void main()
