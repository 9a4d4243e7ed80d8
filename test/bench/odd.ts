/**
 * `npm run bench -- odd <run> [run …]`: how well `saim odd` tells images with a pasted defect from the same images without, by the
 * checkpoints of runs, imported ones among them, and by random weights of the first run's model. Prints the area under the ROC curve.
 */
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { cpus, loadavg, tmpdir } from 'node:os'
import path from 'node:path'
import sharp, { type Sharp } from 'sharp'
import { createEngine } from '#engine/engines'
import { listedAt } from '#images/listed'
import { CheckpointModel } from '#inference/checkpoint-model'
import { memoryBank, oddness } from '#inference/odd/patch-core'
import { initialWeights } from '#model/objectives/index'
import { sampleImagesFolder } from '#platform/paths'
import { chooseStep } from '#storage/run/checkpoint'
import { readRun } from '#storage/run/run-folder'

const bank = 1000

async function main(): Promise<void> {
  const runs = process.argv.slice(2)
  console.log(`${cpus().length} cores of ${cpus()[0]!.model}, load ${loadavg()[0]!.toFixed(1)}`)
  const engine = await createEngine('onnxruntime-cpu', { threads: 0 })
  const folder = mkdtempSync(path.join(tmpdir(), 'saim-odd-'))
  try {
    for (const kind of readdirSync(sampleImagesFolder(), { withFileTypes: true }))
      if (kind.isDirectory()) await deal(path.join(sampleImagesFolder(), kind.name), folder)
    const { hyperparameters } = await readRun(runs[0]!)
    const random = CheckpointModel.of(engine, hyperparameters, initialWeights(hyperparameters, 0))
    await score('random weights', random)
    for (const run of runs)
      await score(
        (await readRun(run)).name,
        await CheckpointModel.open(engine, { folder: run, step: await chooseStep(run) }),
      )
  } finally {
    rmSync(folder, { recursive: true })
  }

  async function score(name: string, model: CheckpointModel): Promise<void> {
    const begin = performance.now()
    const images = await Promise.all(
      ['ordinary', 'whole', 'defective'].map((part) => listedAt(path.join(folder, part))),
    )
    const rows = await memoryBank(model, images[0]!, bank)
    const [whole, defective] = await Promise.all(
      images.slice(1).map(async (asked) => {
        const found: number[] = []
        for await (const some of oddness(engine, model, rows, asked))
          found.push(...some.found.map((one) => one.score))
        return found
      }),
    )
    await model.dispose()
    const seconds = ((performance.now() - begin) / 1000).toFixed(1)
    console.log(
      `${name}: AUROC ${auroc(whole!, defective!).toFixed(3)} (${whole!.length} and ${defective!.length} images, ${seconds} s)`,
    )
  }
}

/** Every second image is ordinary; the others are asked about, once as they are and once with a piece of the one before pasted. */
async function deal(from: string, to: string): Promise<void> {
  for (const part of ['ordinary', 'whole', 'defective']) mkdirSync(path.join(to, part), { recursive: true })
  let before: Buffer
  for (const [i, name] of readdirSync(from).entries()) {
    const image = await sharp(path.join(from, name)).flatten({ background: 'white' }).png().toBuffer()
    const write = (part: string, given: Sharp) => given.toFile(path.join(to, part, name))
    if (i % 2 === 0) {
      await write('ordinary', sharp(image))
      before = image
      continue
    }
    await write('whole', sharp(image))
    const { width, height } = await sharp(image).metadata()
    const side = Math.round(Math.min(width, height) / 4)
    const cut = { left: (width - side) >> 1, top: (height - side) >> 1, width: side, height: side }
    const input = await sharp(before!).extract(cut).png().toBuffer()
    const [left, top] = [(i * 37) % (width - side), (i * 53) % (height - side)]
    await write('defective', sharp(image).composite([{ input, left, top }]))
  }
}

/** How often a defective image has the larger score of two, equal ones counted half. */
function auroc(whole: number[], defective: number[]): number {
  const won = defective.flatMap((high) => whole.map((low) => (high > low ? 1 : high === low ? 0.5 : 0)))
  return won.reduce<number>((a, b) => a + b, 0) / won.length
}

void main()
