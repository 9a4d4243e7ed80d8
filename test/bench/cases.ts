/**
 * `npm run bench -- cases <folder> …`: what becomes of files that people have had trouble with. Each folder in <folder> that
 * holds files of weights is read as `saim import` reads them; any other is scanned as a data set, and what the scan accepts is
 * decoded. Prints a line for each file: a person says whether it is right. Ends with 1 where the scan accepts what cannot be
 * decoded.
 */
import { readdirSync } from 'node:fs'
import path from 'node:path'
import { AppError } from '#shared/errors'
import { decodeImage } from '#images/decode/decode'
import { explain } from '#images/decode/explain'
import { DatasetIndex } from '#images/index/dataset-index'
import { importWeights } from '#jobs/transfer/import/import'

const ofWeights = /\.(pth|pt|bin|ckpt|safetensors|npz)$|\.index\.json$/

async function main(): Promise<void> {
  for (const root of process.argv.slice(2)) {
    for (const { name } of readdirSync(root, { withFileTypes: true }).filter((one) => one.isDirectory())) {
      const folder = path.join(root, name)
      console.log(`\n${name}`)
      const weights = readdirSync(folder).filter((file) => ofWeights.test(file))
      for (const file of weights) console.log(`  ${file}: ${await asWeights(path.join(folder, file))}`)
      if (weights.length === 0) await asImages(folder)
    }
  }
}

async function asWeights(file: string): Promise<string> {
  try {
    const { report } = await importWeights(file, {})
    const unused = report.unexpected.length ? `, not used: ${report.unexpected.join(', ')}` : ''
    return `${report.layout}, ${report.used} used${unused}. ${report.positions}`
  } catch (error) {
    if (error instanceof AppError) return `refused: ${error.message}`
    throw error
  }
}

async function asImages(folder: string): Promise<void> {
  const index = new DatasetIndex(folder, ':memory:')
  try {
    await index.scan()
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    return console.log(`  refused: ${error.message}`)
  }
  for (const image of [...index.usable()].flat()) {
    const file = path.join(folder, image.path)
    const said = await decodeImage(file, image).then(
      ({ width, height, bytes }) => `${width} × ${height}, mean colour ${meanColour(bytes).join(', ')}`,
      async (error: unknown) => {
        process.exitCode = 1
        return `ACCEPTED AND NOT DECODED: ${await explain(error, file)}`
      },
    )
    console.log(`  ${image.path}: ${said}`)
  }
  for (const { path: file, reason } of index.unreadable(0, 1000).files)
    console.log(`  ${file}: refused: ${reason}`)
  const { splits, classes, notices } = index.summary()
  console.log(`  splits ${JSON.stringify(splits)}, classes ${classes.map(({ name }) => name).join(', ')}`)
  for (const notice of notices) console.log(`  ${notice}`)
  index.close()
}

const meanColour = (pixels: Uint8Array) =>
  [0, 1, 2].map((channel) => {
    let sum = 0
    for (let i = channel; i < pixels.length; i += 3) sum += pixels[i]!
    return Math.round((sum * 3) / pixels.length)
  })

void main()
