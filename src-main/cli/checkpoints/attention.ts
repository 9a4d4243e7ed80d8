import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { Option } from 'commander'
import { type AttentionView, attentionView } from '#shared/contract'
import { AppError } from '#shared/errors'
import { loadCentredImage } from '#images/decode/centred'
import { attend } from '#inference/pictures/attention'
import { chosenOrder } from '#inference/pictures/chosen-order'
import { overlay, pictureOf, png } from '#inference/pictures/pictures'
import { freeName } from '#storage/free-name'
import { answers } from '#cli/support/answer'
import { openCheckpoint } from '#cli/support/checkpoint'
import { whole } from '#cli/support/options'
import { readyFolder } from '#storage/ready-folder'
import { lookCommand, type LookOptions, orderOf, sideBySide } from '#cli/support/look'

export const attentionCommand = answers(
  lookCommand('attention')
    .description('show what a token of a checkpoint attends to, as a PNG file')
    .argument('<image>')
    .addOption(
      new Option('--view <name>', 'at full visibility, or of a stream under its mask')
        .choices(attentionView.options)
        .default('full'),
    )
    .addOption(new Option('--layer <n>', 'the block, from 1; without it, the last').argParser(whole(1)))
    .addOption(
      new Option('--head <n>', 'the head, from 1; without it, all and their mean').argParser(whole(1)),
    )
    .option('--patch <row,column>', 'whose attention, counted from 0; or class', 'class'),
  attention,
  ({ picture, heads }) => `${picture}: the picture, then ${heads}`,
)

/** `saim attention`: the picture, then how much a token attends to each patch, for each head and their mean. */
async function attention(
  run: string,
  file: string,
  options: LookOptions & { view: AttentionView; layer?: number; head?: number; patch: string },
) {
  await readyFolder(options.out)
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
  const name = await freeName(options.out, `${path.parse(file).name}-${step}-attention-${layer}`, '.png')
  await writeFile(name, await png(sideBySide([picture, ...maps])), { flag: 'wx' })
  const shown =
    options.head === undefined ? `heads 1 to ${heads.length} and their mean` : `head ${options.head}`
  return { picture: name, layer, heads: shown }
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
  const largest = Math.max(...values, Number.EPSILON)
  return values.map((value) => value / largest)
}
