/** The settings that an objective computes with. */
interface Sizes {
  imageSize: number
  patchSize: number
  maskRatio: number
  decoderWidth: number
}

/** How many patches of the order are given before the first is predicted. */
type Given = (h: Omit<Sizes, 'decoderWidth'>) => number

/** What the inspector shows of a model besides reconstructions, attention and embeddings. */
export type ObjectiveView = 'autoregression' | 'masks' | 'streams'

interface ObjectiveInfo {
  title: string
  /** In full, for the model card. */
  method: string
  /** Settings that it fixes. */
  settles: Record<string, string | number | boolean>
  /** Rules between its settings: the message if it is broken, the setting that shows the message, the rule. */
  rules: readonly (readonly [message: string, at: keyof Sizes, holds: (h: Sizes) => boolean])[]
  given: Given
  views: readonly ObjectiveView[]
  /** Whether its class token sees the image in pre-training. If not, use pooled patches as features. */
  trainsClassToken: boolean
}

const sequential = ['autoregression', 'masks', 'streams'] as const
const nothing: Given = () => 0
const visible: Given = (h) => Math.floor((h.imageSize / h.patchSize) ** 2 * (1 - h.maskRatio))

/**
 * The objectives of pre-training: the titles and rules of each. Its mathematics is a file of the same name in
 * src-main/model/objectives. MAE (He et al. 2022) has no order, no query stream and no blur, and its decoder ends in one
 * linear layer. ViT-iGPT is plain regression of the next patch: SAIM in raster order, without query stream and blur.
 */
export const objectives = {
  saim: {
    title: 'SAIM',
    method: 'SAIM, stochastic autoregressive image modeling',
    settles: {},
    rules: [],
    given: nothing,
    views: sequential,
    trainsClassToken: false,
  },
  mae: {
    title: 'MAE',
    method: 'MAE, a masked autoencoder',
    settles: { order: 'stochastic', queryDepth: 0, shareWeights: false, head: 'linear', blurSize: 0 },
    rules: [
      ['The decoder width must be a multiple of 32.', 'decoderWidth', (h) => h.decoderWidth % 32 === 0],
      ['This hides every patch. Lower the share of hidden patches.', 'maskRatio', (h) => visible(h) > 0],
    ],
    given: visible,
    views: [],
    trainsClassToken: true,
  },
  igpt: {
    title: 'ViT-iGPT',
    method: 'ViT-iGPT, autoregression of patches row by row',
    settles: { order: 'raster', queryDepth: 0, shareWeights: false, blurSize: 0 },
    rules: [],
    given: nothing,
    views: sequential,
    trainsClassToken: false,
  },
} as const satisfies Record<string, ObjectiveInfo>

/** Whether an objective has a view. */
export const hasView = (name: ObjectiveName, view: ObjectiveView) =>
  (objectives[name].views as readonly ObjectiveView[]).includes(view)

export type ObjectiveName = keyof typeof objectives
export const objectiveNames = Object.keys(objectives) as [ObjectiveName, ...ObjectiveName[]]
