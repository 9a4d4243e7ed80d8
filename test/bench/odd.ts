/**
 * `npm run bench -- odd <run> [run …]`: how well `saim odd` tells images with a pasted defect from the same images without, by the
 * checkpoints of runs, imported ones among them, and by random weights of the first run's model. Prints the area under the ROC curve: of
 * shots of one thing, as in a workshop, the mean of some things; and of images that are all different, where hardly anything is ordinary.
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
import { purposes, uniforms } from '#shared/random'
import { chooseStep } from '#storage/run/checkpoint'
import { readRun } from '#storage/run/run-folder'

const bank = 1000
/** Shots of each thing: ordinary ones, and those that are asked about as they are and with a defect. */
const shots = { ordinary: 16, asked: 12 }
const side = 128

async function main(): Promise<void> {
  const runs = process.argv.slice(2)
  console.log(`${cpus().length} cores of ${cpus()[0]!.model}, load ${loadavg()[0]!.toFixed(1)}`)
  const engine = await createEngine('onnxruntime-cpu', { threads: 0 })
  const folder = mkdtempSync(path.join(tmpdir(), 'saim-odd-'))
  try {
    const kinds = readdirSync(sampleImagesFolder(), { withFileTypes: true }).filter((one) =>
      one.isDirectory(),
    )
    const all = kinds.map(({ name }) => path.join(sampleImagesFolder(), name))
    for (const kind of all) await dealVaried(kind, path.join(folder, 'varied'))
    for (const [i, kind] of all.entries())
      await dealShots(kind, all[(i + 3) % all.length]!, path.join(folder, `thing ${i}`), i)
    const { hyperparameters } = await readRun(runs[0]!)
    const random = CheckpointModel.of(engine, hyperparameters, initialWeights(hyperparameters, 0))
    await tell('random weights', random, all.length)
    for (const run of runs)
      await tell(
        (await readRun(run)).name,
        await CheckpointModel.open(engine, { folder: run, step: await chooseStep(run) }),
        all.length,
      )
  } finally {
    rmSync(folder, { recursive: true })
  }

  async function tell(name: string, model: CheckpointModel, things: number): Promise<void> {
    const begin = performance.now()
    const of: number[] = []
    for (let i = 0; i < things; i++) of.push(await score(model, path.join(folder, `thing ${i}`)))
    const mean = of.reduce((a, b) => a + b) / of.length
    const varied = await score(model, path.join(folder, 'varied'))
    await model.dispose()
    const seconds = ((performance.now() - begin) / 1000).toFixed(1)
    console.log(
      `${name}: AUROC ${mean.toFixed(3)} of shots of one thing (${things} things, ${Math.min(...of).toFixed(3)} to ${Math.max(...of).toFixed(3)}), ${varied.toFixed(3)} of varied images, ${seconds} s`,
    )
  }

  async function score(model: CheckpointModel, place: string): Promise<number> {
    const images = await Promise.all(
      ['ordinary', 'whole', 'defective'].map((part) => listedAt(path.join(place, part))),
    )
    const rows = await memoryBank(model, images[0]!, bank)
    const scores = async (asked: (typeof images)[0]) => {
      const found: number[] = []
      for await (const some of oddness(engine, model, rows, asked))
        found.push(...some.found.map((one) => one.score))
      return found
    }
    return auroc(await scores(images[1]!), await scores(images[2]!))
  }
}

const flat = (file: string) => sharp(file).flatten({ background: 'white' })

async function write(image: Sharp, place: string, part: string, name: string): Promise<void> {
  mkdirSync(path.join(place, part), { recursive: true })
  await image.toFile(path.join(place, part, name))
}

/** Every second image is ordinary; the others are asked about, once as they are and once with a piece of the one before pasted. */
async function dealVaried(from: string, to: string): Promise<void> {
  let before: Buffer
  for (const [i, name] of readdirSync(from).entries()) {
    const image = await flat(path.join(from, name)).png().toBuffer()
    if (i % 2 === 0) {
      await write(sharp(image), to, 'ordinary', name)
      before = image
      continue
    }
    await write(sharp(image), to, 'whole', name)
    const { width, height } = await sharp(image).metadata()
    const size = Math.round(Math.min(width, height) / 4)
    const cut = { left: (width - size) >> 1, top: (height - size) >> 1, width: size, height: size }
    const input = await sharp(before!).extract(cut).png().toBuffer()
    const [left, top] = [(i * 37) % (width - size), (i * 53) % (height - size)]
    await write(sharp(image).composite([{ input, left, top }]), to, 'defective', name)
  }
}

/** Shots of one image, each a little turned, moved and brighter or darker; a defect is a piece of another image, a quarter as wide. */
async function dealShots(from: string, other: string, to: string, thing: number): Promise<void> {
  const image = async (folder: string) =>
    flat(path.join(folder, readdirSync(folder)[5]!))
      .resize(side)
      .png()
      .toBuffer()
  const [whole, foreign] = [await image(from), await image(other)]
  const size = side / 4
  const input = await sharp(foreign)
    .extract({ left: 48, top: 48, width: size, height: size })
    .png()
    .toBuffer()
  const margin = 8
  const around = { top: margin, bottom: margin, left: margin, right: margin, background: 'white' }
  for (let i = 0; i < shots.ordinary + shots.asked; i++) {
    const [turn, x, y, light, left, top] = uniforms(thing, purposes.crop, i, 0, 6)
    const turned = await sharp(whole).rotate(6 * turn! - 3, { background: 'white' }).resize(side, side).extend(around).png().toBuffer() // prettier-ignore
    const cut = {
      left: Math.round(2 * margin * x!),
      top: Math.round(2 * margin * y!),
      width: side,
      height: side,
    }
    const shot = await sharp(turned)
      .extract(cut)
      .modulate({ brightness: 0.95 + 0.1 * light! })
      .png()
      .toBuffer()
    await write(sharp(shot), to, i < shots.ordinary ? 'ordinary' : 'whole', `${i}.png`)
    if (i < shots.ordinary) continue
    const at = { left: 16 + Math.round(64 * left!), top: 16 + Math.round(64 * top!) }
    await write(sharp(shot).composite([{ input, ...at }]), to, 'defective', `${i}.png`)
  }
}

/** How often a defective image has the larger score of two, equal ones counted half. */
function auroc(whole: number[], defective: number[]): number {
  const won = defective.flatMap((high) => whole.map((low) => (high > low ? 1 : high === low ? 0.5 : 0)))
  return won.reduce<number>((a, b) => a + b, 0) / won.length
}

void main()
