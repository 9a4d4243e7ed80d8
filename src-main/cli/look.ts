import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { AttentionView, OrderChoice } from '#shared/contract'
import { AppError } from '#shared/errors'
import { attend } from '#inference/pictures/attention'
import { chosenOrder } from '#inference/pictures/chosen-order'
import { loadCentredImage } from '#images/decode/centred'
import { arranged, enlarged, overlay, type Picture, pictureOf, png } from '#inference/pictures/pictures'
import { panelsOf, reconstruct as reconstructImage } from '#inference/pictures/reconstruct'
import { animation, strip, unroll } from '#inference/pictures/unroll'
import { readImages } from '#images/manifest'
import { fixedImages } from '#images/sample'
import { readRun } from '#storage/run/run-folder'
import { type CheckpointOptions, openCheckpoint } from './support/checkpoint'

interface LookOptions extends CheckpointOptions {
  order: 'random' | 'raster' | 'centre-out'
  seed: number
  out: string
}

/** Side that panels have at least, in pixels. */
const panelSide = 224

const orderOf = ({ order, seed }: LookOptions): OrderChoice =>
  order === 'random' ? { kind: order, seed } : { kind: order }

/** `saim reconstruct`: original, smoothed target, prediction, error and what the model says alone, a PNG for each image. */
export async function reconstruct(
  run: string,
  files: string[],
  options: LookOptions & { animate?: 'gif' | 'png'; free?: boolean; given: number },
): Promise<void> {
  const { model, folder, step } = await openCheckpoint(run, options)
  await mkdir(options.out, { recursive: true })
  const images = files.length ? files : await imagesOfRun(folder)
  for (const file of images) {
    const pixels = await loadCentredImage(file, model.h.imageSize, model.statistics)
    const order = chosenOrder(model.h, orderOf(options))
    const result = await reconstructImage(model, pixels, order)
    const panels = Object.values(panelsOf(result, model.statistics)).filter((panel) => panel !== null)
    const name = path.join(options.out, `${path.parse(file).name}-${step}`)
    await writeFile(`${name}.png`, await png(sideBySide(panels)))
    console.log(`${name}.png: loss ${result.loss.toFixed(4)}`)
    if (!options.animate) continue
    const mode = options.free ? 'free' : 'teacher'
    const given = Math.min(options.given, order.length)
    const unrolling = await unroll(model, pixels, order, { mode, given })
    const film = `${name}-${mode}.${options.animate}`
    await writeFile(film, await (options.animate === 'gif' ? animation : strip)(unrolling, model.h))
    console.log(film)
  }
  if (model.h.normalizePixels)
    console.log(
      'The prediction has the mean and deviation of the true patches; the last panel is what the model says without them.',
    )
}

/** `saim attention`: the picture, then how much a token attends to each patch, for each head and their mean. */
export async function attention(
  run: string,
  file: string,
  options: LookOptions & { view: AttentionView; layer?: number; head?: number; patch: string },
): Promise<void> {
  const { model, step } = await openCheckpoint(run, options)
  const grid = model.h.imageSize / model.h.patchSize
  const token = tokenOf(options.patch, grid)
  if (token === 0 && options.view === 'query')
    throw new AppError('bad-settings', 'The query stream has no class token.', 'Name a patch: --patch 0,0')
  const pixels = await loadCentredImage(file, model.h.imageSize, model.statistics)
  const order = chosenOrder(model.h, orderOf(options))
  const found = await attend(model, pixels, order, options.view)
  const layer = options.layer ?? found.layers
  if (layer < 1 || layer > found.layers)
    throw new AppError('bad-settings', `There is no block ${layer}.`, `Choose 1 to ${found.layers}.`)
  const heads = found.of(layer - 1, token).map((head) => head.slice(1))
  if (options.head !== undefined && !heads[options.head - 1])
    throw new AppError('bad-settings', `There is no head ${options.head}.`, `Choose 1 to ${heads.length}.`)
  const mean = heads[0]!.map((_, i) => heads.reduce((sum, head) => sum + head[i]!, 0) / heads.length)
  const chosen = options.head === undefined ? [...heads, mean] : [heads[options.head - 1]!]
  const picture = pictureOf(pixels, model.statistics)
  const maps = chosen.map((head) => overlay(picture, toOne(head)))
  await mkdir(options.out, { recursive: true })
  const name = path.join(options.out, `${path.parse(file).name}-${step}-attention-${layer}.png`)
  await writeFile(name, await png(sideBySide([picture, ...maps])))
  console.log(
    `${name}: the picture, then ${options.head === undefined ? `heads 1 to ${heads.length} and their mean` : `head ${options.head}`}`,
  )
}

/** 0 for the class token, 1 + i for the patch at `row,column`. */
function tokenOf(text: string, grid: number): number {
  if (text === 'class') return 0
  const [row, column] = text.split(',').map(Number) as [number, number]
  const inside = (n: number) => Number.isInteger(n) && n >= 0 && n < grid
  if (inside(row) && inside(column)) return 1 + row * grid + column
  throw new AppError(
    'bad-settings',
    `There is no patch ${text}.`,
    `Name row and column from 0 to ${grid - 1}, such as --patch 2,3, or --patch class.`,
  )
}

const toOne = (values: number[]) => {
  const largest = Math.max(...values, Number.MIN_VALUE)
  return values.map((value) => value / largest)
}

const sideBySide = (panels: Picture[]) => arranged(panels.map((panel) => enlarged(panel, panelSide)))

async function imagesOfRun(folder: string): Promise<string[]> {
  const { dataset } = await readRun(folder)
  return fixedImages(await readImages(folder)).map((image) => path.join(dataset.folder, image.path))
}
