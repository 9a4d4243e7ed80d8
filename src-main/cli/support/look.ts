import { Command, Option } from 'commander'
import type { OrderChoice } from '#shared/contract'
import { arranged, enlarged, type Picture } from '#inference/pictures/pictures'
import type { CheckpointOptions } from './checkpoint'
import { runArgument, runsOption, stepOption, threadsOption, whole } from './options'

/** What commands share that look at what a checkpoint sees. */

const orders = ['random', 'raster', 'centre-out'] as const

export interface LookOptions extends CheckpointOptions {
  order: (typeof orders)[number]
  seed: number
  out: string
}

export const lookCommand = (name: string): Command =>
  new Command(name)
    .argument('<run>', runArgument)
    .addOption(runsOption())
    .addOption(stepOption())
    .addOption(threadsOption())
    .addOption(
      new Option('--order <name>', 'in which patches are predicted').choices(orders).default('random'),
    )
    .addOption(new Option('--seed <n>', 'of the random order').default(0).argParser(whole(0)))
    .option('--out <folder>', 'where the pictures go', '.')

export const orderOf = ({ order, seed }: LookOptions): OrderChoice =>
  order === 'random' ? { kind: order, seed } : { kind: order }

/** Side that panels have at least, in pixels. */
const panelSide = 224

export const sideBySide = (panels: Picture[]) => arranged(panels.map((panel) => enlarged(panel, panelSide)))
