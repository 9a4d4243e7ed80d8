import type { Hyperparameters } from './hyperparameters'

type Changes = Partial<Hyperparameters>

/** A question of the paper's ablations: what is changed, for a model of any size. */
interface Ablation {
  title: string
  variants(h: Hyperparameters): Changes[]
}

/** The paper's ablations as sweeps. Its decoder depths 0, 1, 6 and 12 of 12 are those shares of a model's own depth. */
export const ablations = {
  objective: {
    title: 'Objective: SAIM, ViT-iGPT, MAE',
    variants: () => (['saim', 'igpt', 'mae'] as const).map((objective) => ({ objective })),
  },
  order: { title: 'Order of prediction', variants: () => [{ order: 'stochastic' }, { order: 'raster' }] },
  'decoder-depth': {
    title: 'Decoder depth',
    variants: ({ depth }) => {
      const half = depth % 2 ? [] : [depth / 2]
      return [...new Set([0, 1, ...half, depth])].map((queryDepth) => ({ queryDepth }))
    },
  },
  'shared-weights': {
    title: 'Decoder with the weights of the encoder',
    variants: ({ depth }) => [false, true].map((shareWeights) => ({ shareWeights, queryDepth: depth })),
  },
  blur: {
    title: 'Blur of the target',
    variants: () => [
      { blurSize: 0 },
      { blurSize: 3, blurSigma: 1 },
      { blurSize: 9, blurSigma: 1 },
      { blurSize: 9, blurSigma: 1.5 },
    ],
  },
  pixels: {
    title: 'Loss and normalised pixels',
    variants: () => [
      { loss: 'L1', normalizePixels: false },
      { loss: 'L2', normalizePixels: false },
      { loss: 'L2', normalizePixels: true },
    ],
  },
  head: {
    title: 'Prediction head',
    variants: () => (['linear', 'mlp', 'transformer'] as const).map((head) => ({ head })),
  },
} as const satisfies Record<string, Ablation>

export type AblationName = keyof typeof ablations
export const ablationNames = Object.keys(ablations) as [AblationName, ...AblationName[]]

/** All combinations of the values of some settings, the last one changing fastest. */
export const grid = (axes: { name: string; values: unknown[] }[]): Record<string, unknown>[] =>
  axes.reduce<Record<string, unknown>[]>(
    (made, { name, values }) =>
      made.flatMap((before) => values.map((value) => ({ ...before, [name]: value }))),
    [{}],
  )

/** Such as `order raster, blurSize 9`. */
export const nameOfVariant = (changes: Record<string, unknown>) =>
  Object.entries(changes)
    .map(([name, value]) => `${name} ${String(value)}`)
    .join(', ')
