import { z } from 'zod'
import { words } from '#shared/contract/strings'
import { AppError } from '#shared/errors'
import { settingValue } from '#shared/format'
import { readNumber } from '#shared/numbers'
import { counted } from '#shared/words'
import { allSettings, type Hyperparameters, hyperparametersSchema } from './hyperparameters'
import { type ObjectiveName, objectives } from './objectives'
import type { Setting } from './schema'

export type Changes = Record<string, number | boolean | string>

/** The paper's ImageNet-1K results for a variant: top-1 in percent after fine-tuning and, where it has one, with a linear probe. */
export interface PaperFigures {
  finetune: number
  probe: number | null
}

/** One of the paper's ablations: what changes, for a model of any size. */
interface Ablation {
  title: string
  /** What its variants are, in a few words. */
  compares: string
  variants(h: Hyperparameters): Changes[]
  /** The table of the paper that has it, and what it says of each variant, null where nothing. */
  table: string
  paper(changes: Changes, all: Changes[]): PaperFigures | null
}

/** Of the ablations the paper has fine-tuned accuracies, after 300 epochs. */
const tuned = (finetune: number | undefined): PaperFigures | null =>
  finetune === undefined ? null : { finetune, probe: null }

/** The paper added the blur after order and decoder: its Table 3 has their ablations without. */
const withoutBlur = { blurSize: 0 }

/** The paper's ablations as sweeps. Its decoder depths 0, 1, 6 and 12 of 12 scale with a model's own depth. */
export const ablations = {
  objective: {
    title: 'Objective',
    compares: 'SAIM, ViT-iGPT or MAE',
    variants: () => (['saim', 'igpt', 'mae'] as const).map((objective) => ({ objective })),
    table: 'Table 1 (300 epochs, MAE 1600)',
    paper: ({ objective }) =>
      ({
        saim: { finetune: 83.6, probe: 58.5 },
        igpt: { finetune: 82.7, probe: 20.4 },
        mae: { finetune: 83.6, probe: 67.8 },
      })[objective as ObjectiveName],
  },
  tokenization: {
    title: 'Tokens',
    compares: 'Pixels or patches, for ViT-iGPT',
    variants: ({ patchSize }) =>
      [1, patchSize === 1 ? 2 : patchSize].map((size) => ({ objective: 'igpt' as const, patchSize: size })),
    table: 'Table 3 (pixels: iGPT as its authors report it)',
    paper: ({ patchSize }) => tuned(patchSize === 1 ? 72.9 : 82.7),
  },
  order: {
    title: 'Order',
    compares: 'Random or raster',
    variants: () => (['stochastic', 'raster'] as const).map((order) => ({ order, ...withoutBlur })),
    table: 'Table 3, without blur',
    paper: ({ order }) => tuned(order === 'raster' ? 82.76 : 83.4),
  },
  'decoder-depth': {
    title: 'Query depth',
    compares: 'None, 1, half or all blocks',
    variants: ({ depth }) => {
      const half = depth % 2 ? [] : [depth / 2]
      return [...new Set([0, 1, ...half, depth])].map((queryDepth) => ({ queryDepth, ...withoutBlur }))
    },
    table: 'Table 3, without blur',
    paper({ queryDepth }, all) {
      const most = Math.max(...all.map((each) => Number(each['queryDepth'])))
      if (queryDepth === most) return tuned(83.4)
      return tuned(queryDepth === 1 ? 82.76 : queryDepth === most / 2 ? 83.01 : undefined)
    },
  },
  'shared-weights': {
    title: 'Shared weights',
    compares: "Own decoder, or the encoder's",
    variants: ({ depth }) =>
      [false, true].map((shareWeights) => ({ shareWeights, queryDepth: depth, ...withoutBlur })),
    table: 'Table 3, without blur',
    paper: ({ shareWeights }) => tuned(shareWeights ? 83.02 : 83.4),
  },
  blur: {
    title: 'Blur',
    compares: 'Off, light, as in the paper, strong',
    variants: (): Changes[] => [
      { blurSize: 0 },
      { blurSize: 3, blurSigma: 1 },
      { blurSize: 9, blurSigma: 1 },
      { blurSize: 9, blurSigma: 1.5 },
    ],
    table: 'Table 3',
    paper: ({ blurSize, blurSigma }) =>
      tuned(blurSize === 0 ? 83.4 : blurSize === 3 ? 83.52 : blurSigma === 1 ? 83.64 : 83.45),
  },
  pixels: {
    title: 'Pixels and loss',
    compares: 'L1, L2, normalised patches',
    variants: () => [
      { loss: 'L1', normalizePixels: false },
      { loss: 'L2', normalizePixels: false },
      { loss: 'L2', normalizePixels: true },
    ],
    table: 'Table 4',
    paper: ({ loss, normalizePixels }) => tuned(normalizePixels ? 83.64 : loss === 'L1' ? 83.02 : 83.14),
  },
  head: {
    title: 'Head',
    compares: 'Linear, MLP or transformer',
    variants: () => (['linear', 'mlp', 'transformer'] as const).map((head) => ({ head })),
    table: 'Table 4',
    paper: ({ head }) => tuned(head === 'linear' ? 83.55 : head === 'mlp' ? 83.64 : 83.5),
  },
} as const satisfies Record<string, Ablation>

export type AblationName = keyof typeof ablations
export const ablationNames = Object.keys(ablations) as [AblationName, ...AblationName[]]

/** What the paper says of the variants of a sweep, null where it says nothing of one; undefined where it has no such sweep. */
export function paperFigures(
  plan: SweepPlan,
  variants: { changes: Changes }[],
): (PaperFigures | null)[] | undefined {
  if (plan.kind !== 'ablation') return undefined
  const ablation: Ablation = ablations[plan.ablation]
  const all = variants.map(({ changes }) => changes)
  return all.map((changes) => ablation.paper(changes, all))
}

/** Shown below our results wherever they stand next to the paper's. */
export const scaleNote = (plan: SweepPlan & { kind: 'ablation' }) =>
  `The paper's figures are those of its ${ablations[plan.ablation].table}, for ViT-B/16 on the 1.28 million images of ImageNet-1K. Scale and metric differ, so only the ranking of the variants is comparable.`

const axis = z.object({
  setting: words(100),
  values: z.array(z.union([z.number(), z.boolean(), words(100)])).min(1),
})
export type Axis = z.infer<typeof axis>

/** What a sweep varies: one of the paper's ablations, or values of settings, in all combinations or paired in order. */
export const sweepPlan = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('ablation'), ablation: z.enum(ablationNames) }),
  z.object({ kind: z.literal('vary'), axes: z.array(axis), combine: z.enum(['grid', 'list']) }),
])
export type SweepPlan = z.infer<typeof sweepPlan>

/** A setting, by its name or flag, and its values from text such as `stochastic,raster`. Throws AppError bad-settings. */
export function axisOf(name: string, words: string): Axis {
  const plain = (text: string) => text.replaceAll('-', '').toLowerCase()
  const setting = (allSettings as Setting[]).find((each) => plain(each.name) === plain(name))
  const given = words.split(',').flatMap((word) => word.trim() || [])
  if (!setting || given.length === 0)
    throw new AppError(
      'bad-settings',
      `"${name}=${words}" is not a setting with values.`,
      'Name a setting and its values, such as order=stochastic,raster.',
    )
  const value = (word: string) => {
    if (setting.kind === 'choice') return word
    if (setting.kind === 'boolean' && /^(true|false)$/.test(word)) return word === 'true'
    const { value: read, problem } =
      setting.kind === 'boolean'
        ? { value: null, problem: `“${word}” is neither true nor false.` }
        : readNumber(word)
    if (read === null)
      throw new AppError('bad-settings', `${setting.name}: ${problem}`, 'Commas stand between the values.')
    return read
  }
  return { setting: setting.name, values: given.map(value) }
}

/** The variants of a sweep. Throws AppError bad-settings if there are fewer than two. */
export function variantsOf(plan: SweepPlan, h: Hyperparameters): Changes[] {
  const made =
    plan.kind === 'ablation'
      ? ablations[plan.ablation].variants(h)
      : plan.combine === 'grid'
        ? combinations(plan.axes)
        : pairs(plan.axes)
  if (made.length > 1) return made
  throw new AppError(
    'bad-settings',
    'There is nothing to compare.',
    'Choose an ablation, or at least two values of a setting.',
  )
}

/** All combinations of the values; the last setting changes fastest. */
const combinations = (axes: Axis[]): Changes[] =>
  axes.reduce<Changes[]>(
    (made, { setting, values }) =>
      made.flatMap((before) => values.map((value) => ({ ...before, [setting]: value }))),
    [{}],
  )

/** The first values of all settings, the second ones, and so on. */
function pairs(axes: Axis[]): Changes[] {
  const count = axes[0]?.values.length ?? 0
  if (axes.some(({ values }) => values.length !== count))
    throw new AppError(
      'bad-settings',
      'A list needs the same number of values for each setting.',
      'Add the missing values, or use all combinations.',
    )
  return Array.from({ length: count }, (_, n) =>
    Object.fromEntries(axes.map(({ setting, values }) => [setting, values[n]!])),
  )
}

/** A run of a sweep. */
export interface PlannedRun {
  changes: Changes
  seed: number
  hyperparameters: Hyperparameters
}

/**
 * The runs of a sweep: each variant with `seeds` seeds, counting up from that of `h`. All variants of the first seed come
 * first, so that there is something to compare early. Throws AppError bad-settings if a variant is invalid.
 */
export function plannedRuns(h: Hyperparameters, plan: SweepPlan, seeds: number): PlannedRun[] {
  const variants = variantsOf(plan, h)
  if (!Number.isInteger(seeds) || seeds < 1 || seeds > 20)
    throw new AppError('bad-settings', 'The number of seeds is not a whole number from 1 to 20.')
  return Array.from({ length: seeds }, (_, k) => h.seed + k).flatMap((seed) =>
    variants.map((changes) => {
      const result = hyperparametersSchema.safeParse({ ...h, seed, ...changes })
      if (result.success) return { changes, seed: result.data.seed, hyperparameters: result.data }
      const problems = result.error.issues.map(({ path, message }) => `${String(path[0])}: ${message}`)
      throw new AppError('bad-settings', `${nameOfVariant(changes)} is invalid. ${problems.join(' ')}`)
    }),
  )
}

/** Such as `order raster, blurSize 9`. */
export const nameOfVariant = (changes: Changes) =>
  Object.entries(changes)
    .map(([name, value]) => `${name} ${String(value)}`)
    .join(', ')

/** A variant in words where the paper's ablations have some: `Random order`; else its settings: `Blur size 9 px`. */
export function titleOfVariant(changes: Changes): string {
  const { objective, order, blurSize, blurSigma, shareWeights, queryDepth, loss, normalizePixels, head } =
    changes
  const keys = Object.keys(changes).sort().join()
  if (blurSize === 0 && !/^(blurSigma,)?blurSize$/.test(keys)) {
    const others = Object.entries(changes).filter(([name]) => name !== 'blurSize')
    return `${titleOfVariant(Object.fromEntries(others))}, no blur`
  }
  if (keys === 'objective') return objectives[objective as ObjectiveName].title
  if (keys === 'order') return order === 'raster' ? 'Raster order' : 'Random order'
  if (keys === 'queryDepth')
    return queryDepth === 0 ? 'No query blocks' : counted(Number(queryDepth), 'query blocks')
  if (keys === 'queryDepth,shareWeights') return shareWeights ? 'Shared weights' : 'Own decoder'
  if (keys === 'blurSize' && blurSize === 0) return 'No blur'
  if (keys === 'blurSigma,blurSize')
    return blurSize === 0 ? 'No blur' : `Blur ${String(blurSize)} px, sigma ${String(blurSigma)}`
  if (keys === 'loss,normalizePixels') return normalizePixels ? `${String(loss)}, normalised` : String(loss)
  if (keys === 'head') return head === 'mlp' ? 'MLP head' : `${titled(String(head))} head`
  return titled(
    Object.entries(changes)
      .map(([name, value]) => {
        const setting = (allSettings as Setting[]).find((each) => each.name === name)
        return setting
          ? `${setting.title.toLowerCase()} ${settingValue(setting, value)}`
          : `${name} ${String(value)}`
      })
      .join(', '),
  )
}

const titled = (text: string) => `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`

/** What a sweep compares, in a few words. */
export function titleOfPlan(plan: SweepPlan): string {
  if (plan.kind === 'ablation') return ablations[plan.ablation].title
  const titles = plan.axes.map(
    ({ setting }) => (allSettings as Setting[]).find(({ name }) => name === setting)?.title ?? setting,
  )
  const [axis] = plan.axes
  return plan.axes.length === 1 && axis ? `${titles[0]}: ${axis.values.length} values` : titles.join(', ')
}
