import { z } from 'zod'
import { AppError } from '#shared/errors'
import { type ObjectiveName, objectiveNames, objectives } from './objectives'
import { precisionChoices } from './precision'
import { choice, integer, keepRules, number, type Rule, type Setting, settingsOf, toggle } from './schema'

/**
 * Every setting of pre-training, declared once. Types, validation, the form, the CLI's flags and docs/hyperparameters.md
 * all derive from this file. "Paper" is the SAIM paper; where it is silent, the default is the authors' implementation's.
 */

/** What can be chosen of the GPUs of a machine. */
const devices = ['auto', '0', '1', '2', '3', '4', '5', '6', '7'] as const

const settings = z.object({
  imageSize: integer(224, 16, 1024, {
    title: 'Image size',
    unit: 'px',
    group: 'Model',
    simple: true,
    paper: 'Table 6',
    description: 'Side of the square crops that the model sees; a multiple of the patch size.',
  }),
  patchSize: integer(16, 1, 64, {
    title: 'Patch size',
    unit: 'px',
    group: 'Model',
    paper: 'Section 4.1',
    description:
      'Side of a patch. An image becomes (image size / patch size)² tokens. 1 makes each pixel a token, for small images.',
  }),
  width: integer(768, 16, 2048, {
    title: 'Width',
    group: 'Model',
    paper: 'ViT-B',
    description: 'Length of the vector that represents a token; a multiple of 4 and of the number of heads.',
  }),
  depth: integer(12, 1, 48, {
    title: 'Depth',
    unit: 'blocks',
    group: 'Model',
    paper: 'ViT-B',
    description: 'Transformer blocks of the encoder (content stream).',
  }),
  heads: integer(12, 1, 32, {
    title: 'Heads',
    group: 'Model',
    paper: 'ViT-B',
    description: 'Attention heads in each block.',
  }),
  queryDepth: integer(12, 0, 48, {
    title: 'Query depth',
    unit: 'blocks',
    words: { 0: 'none' },
    group: 'Model',
    paper: 'Ablation: decoder depth',
    description:
      'Transformer blocks of the decoder (query stream); must divide the depth. With 0 the head predicts a patch from its position and the encoder output of the token before it.',
  }),
  shareWeights: toggle(false, {
    title: 'Share weights',
    group: 'Model',
    paper: 'Ablation: shared weights',
    description: "The decoder uses the encoder's blocks instead of its own.",
  }),
  head: choice(['mlp', 'linear', 'transformer'], {
    title: 'Prediction head',
    group: 'Model',
    words: { mlp: 'MLP' },
    paper: 'Ablation: prediction head',
    description:
      'What turns a query token into the pixels of its patch: an MLP, one linear layer, or two transformer blocks.',
  }),
  decoderWidth: integer(512, 32, 2048, {
    title: 'Decoder width',
    group: 'Model',
    paper: 'MAE, section 4',
    description: 'MAE only: width of its decoder; a multiple of 32, the width of its heads.',
  }),
  decoderDepth: integer(8, 1, 48, {
    title: 'Decoder depth',
    unit: 'blocks',
    group: 'Model',
    paper: 'MAE, section 4',
    description: 'MAE only: transformer blocks of its decoder.',
  }),
  positions: choice(['fixed', 'learned'], {
    title: 'Positions',
    group: 'Model',
    paper: 'fixed',
    description:
      'Position embedding: fixed sines and cosines, or a table that starts from them and is trained. Imported models with learned positions keep them.',
  }),
  registers: integer(0, 0, 64, {
    title: 'Registers',
    unit: 'tokens',
    group: 'Model',
    paper: 'none',
    description:
      'Learned tokens without a position beside the class token, in which the encoder can keep what belongs to no patch. Imported models keep theirs.',
  }),
  objective: choice(objectiveNames, {
    title: 'Objective',
    group: 'Method',
    words: Object.fromEntries(objectiveNames.map((name) => [name, objectives[name].title])),
    simple: true,
    paper: 'Table 1 (MAE, ViT-iGPT)',
    description:
      'What the encoder is trained to do. For comparison with SAIM: MAE predicts hidden patches from the others; ViT-iGPT predicts each patch from those before it, row by row and without blur. Both fix some other settings.',
  }),
  maskRatio: number(0.75, 0.05, 0.95, {
    title: 'Hidden patches',
    group: 'Method',
    paper: 'MAE, section 4',
    description: 'MAE only: share of the patches that are hidden and predicted.',
  }),
  order: choice(['stochastic', 'raster'], {
    title: 'Order',
    group: 'Method',
    simple: true,
    paper: 'Section 3.2; ablation: order',
    description: 'Order in which patches are predicted: a new random one for every image, or row by row.',
  }),
  blurSize: integer(9, 0, 63, {
    title: 'Blur size',
    unit: 'px',
    words: { 0: 'off' },
    group: 'Method',
    paper: 'Section 3.4; ablation: blur',
    description: 'Side of the Gaussian kernel that smooths the target; an odd number, or 0 for no blur.',
  }),
  blurSigma: number(1, 0.1, 16, {
    title: 'Blur sigma',
    unit: 'px',
    group: 'Method',
    paper: 'Section 3.4; ablation: blur',
    description: 'Standard deviation of the Gaussian kernel.',
  }),
  normalizePixels: toggle(true, {
    title: 'Normalise patches',
    group: 'Method',
    paper: 'Ablation: normalised pixels (norm_pix)',
    description:
      "The target of a patch is its pixels minus the patch's mean, divided by its standard deviation.",
  }),
  loss: choice(['L2', 'L1'], {
    title: 'Loss',
    group: 'Method',
    paper: 'Ablation: loss',
    description: 'Mean over tokens and pixels of the squared (L2) or absolute (L1) difference.',
  }),
  epochs: integer(300, 1, 10_000, {
    title: 'Epochs',
    group: 'Optimisation',
    simple: true,
    paper: 'Table 6 (300 and 800)',
    description: 'Passes over the data set.',
  }),
  batchSize: integer(64, 1, 4096, {
    title: 'Batch size',
    unit: 'images',
    group: 'Optimisation',
    simple: true,
    paper: 'Table 6 (2048 in all)',
    description: 'Images in one step. Larger is steadier and faster, and needs more memory.',
  }),
  accumulation: integer(1, 1, 1024, {
    title: 'Gradient accumulation',
    unit: 'steps',
    group: 'Optimisation',
    description:
      'Batches whose gradients are averaged into one update: effective batch size = batch size × accumulation.',
  }),
  gradientCheckpointing: toggle(false, {
    title: 'Gradient checkpointing',
    group: 'Optimisation',
    description:
      'Keeps only the input of each block and recomputes the block for its gradients, which stay the same. A step takes a fifth to a third more computation, and the memory of a batch falls to half or less. For devices that compute a whole batch at once, such as GPUs.',
  }),
  baseLearningRate: number(2e-4, 0, 1, {
    title: 'Base learning rate',
    group: 'Optimisation',
    simple: true,
    paper: 'Table 6',
    description:
      'Learning rate at an effective batch size of 256. Actual learning rate = base learning rate × effective batch size / 256.',
  }),
  minimumLearningRate: number(0, 0, 1, {
    title: 'Minimum learning rate',
    group: 'Optimisation',
    description: 'Learning rate at the end of the cosine schedule.',
  }),
  warmupEpochs: number(30, 0, 1000, {
    title: 'Warm-up',
    unit: 'epochs',
    group: 'Optimisation',
    paper: 'Table 6',
    description: 'Epochs over which the learning rate rises linearly from 0.',
  }),
  beta1: number(0.9, 0, 0.9999, {
    title: 'Beta 1',
    group: 'Optimisation',
    paper: 'Table 6',
    description: "Decay of AdamW's mean of gradients.",
  }),
  beta2: number(0.95, 0, 0.99999, {
    title: 'Beta 2',
    group: 'Optimisation',
    paper: 'Table 6',
    description: "Decay of AdamW's mean of squared gradients.",
  }),
  weightDecay: number(0.05, 0, 1, {
    title: 'Weight decay',
    group: 'Optimisation',
    paper: 'Table 6',
    description: 'Decoupled weight decay; biases and other vectors are not decayed.',
  }),
  clipGradient: number(0, 0, 1000, {
    title: 'Clip gradient norm',
    group: 'Optimisation',
    words: { 0: 'off' },
    description:
      'Largest norm of the whole gradient; larger gradients are scaled down to it. 0 turns clipping off.',
  }),
  cropScaleMinimum: number(0.67, 0.01, 1, {
    title: 'Crop area from',
    group: 'Data',
    paper: 'Table 6',
    description: 'Smallest area of a random crop, as a share of the image.',
  }),
  cropScaleMaximum: number(1, 0.01, 1, {
    title: 'Crop area to',
    group: 'Data',
    paper: 'Table 6',
    description: 'Largest area of a random crop, as a share of the image.',
  }),
  cropRatioMinimum: number(3 / 4, 0.1, 1, {
    title: 'Crop ratio from',
    group: 'Data',
    paper: 'Table 6',
    description: 'Smallest aspect ratio (width / height) of a random crop.',
  }),
  cropRatioMaximum: number(4 / 3, 1, 10, {
    title: 'Crop ratio to',
    group: 'Data',
    paper: 'Table 6',
    description: 'Largest aspect ratio (width / height) of a random crop.',
  }),
  flip: toggle(true, {
    title: 'Horizontal flip',
    group: 'Data',
    paper: 'Table 6',
    description: 'Mirror each image with a probability of one half.',
  }),
  normalization: choice(['imagenet', 'dataset'], {
    title: 'Normalise by',
    group: 'Data',
    words: { imagenet: 'ImageNet', dataset: 'data set' },
    paper: 'Table 6 (ImageNet)',
    description:
      "Channel means and standard deviations that normalise the pixels: ImageNet's, or the data set's own, which are stored with the run.",
  }),
  validationFraction: number(0, 0, 0.9, {
    title: 'Validation share',
    group: 'Data',
    simple: true,
    description:
      'Share of images kept for validation; their loss is measured once an epoch. A val folder in the data set takes its place.',
  }),
  splitSeed: integer(0, 0, 0xffffffff, {
    title: 'Split seed',
    group: 'Data',
    description: 'Chooses the validation images, whatever the seed of the run.',
  }),
  seed: integer(0, 0, 0xffffffff, {
    title: 'Seed',
    group: 'Run',
    simple: true,
    description: 'The same seed, data and settings give the same batches, orders and initial weights.',
  }),
  precision: choice(precisionChoices, {
    title: 'Precision',
    group: 'Run',
    description:
      'What the inputs of matrix products are rounded to; sums, weights and moments keep 32 bits. tf32 is for NVIDIA GPUs from Ampere on, bfloat16 for them and new CPUs, float16 by PyTorch alone, which scales the loss for it. Slightly less exact and faster; auto takes the fastest that the engine showed on this machine, and the run keeps to it; `saim engines` shows what there is.',
  }),
  device: choice(devices, {
    title: 'GPU',
    group: 'Run',
    description:
      'Which NVIDIA GPU trains, by its number in nvidia-smi. auto is the first, and by PyTorch all of them. WebGPU, DirectML and Core ML take the one that the system gives them.',
  }),
  compile: toggle(false, {
    title: 'Compile',
    group: 'Run',
    description:
      'PyTorch alone: torch.compile makes kernels of its own for the model, which takes a minute or more at the start and needs a C++ compiler. Other engines compile a step in any case.',
  }),
  checkpointEvery: integer(1, 1, 1000, {
    title: 'Checkpoint every',
    unit: 'epochs',
    group: 'Run',
    description: 'Epochs between checkpoints with reconstructions. The end of the run always gets one.',
  }),
  healthEvery: integer(0, 0, 1000, {
    distributed: 'no',
    title: 'Health every',
    unit: 'epochs',
    words: { 0: 'off' },
    group: 'Run',
    description:
      'Epochs between measurements of what is learned: how features spread, and how often nearest neighbours share a class. 0 turns them off.',
  }),
  keepEvery: integer(1, 0, 1000, {
    title: 'Keep every',
    unit: 'checkpoints',
    group: 'Run',
    description: 'Keep every nth checkpoint. 1 keeps all, 0 only the newest and best.',
  }),
  keepBest: integer(3, 0, 1000, {
    title: 'Keep the best',
    unit: 'checkpoints',
    group: 'Run',
    description: 'Also keep this many of the best, by validation loss if available.',
  }),
  patience: integer(0, 0, 1000, {
    title: 'Patience',
    unit: 'checkpoints',
    words: { 0: 'off' },
    group: 'Run',
    description: 'Stop after this many checkpoints without improvement. 0 trains to the end.',
  }),
  adaptBatch: toggle(false, {
    distributed: 'no',
    title: 'Fit batch to memory',
    group: 'Run',
    description: 'If a batch does not fit, split it and keep the effective size.',
  }),
})

export type Hyperparameters = z.infer<typeof settings>
export type DeviceChoice = Hyperparameters['device']

/** Settings that an objective fixes. */
export const settledBy = (objective: ObjectiveName): Partial<Hyperparameters> => objectives[objective].settles

/** Patches of an image, N = (image size / patch size)². */
export const patchCount = (h: Pick<Hyperparameters, 'imageSize' | 'patchSize'>) =>
  (h.imageSize / h.patchSize) ** 2

/** Patches that MAE's encoder sees, the first of the random order; it predicts the others. 0 for other objectives. */
export const visiblePatches = (
  h: Pick<Hyperparameters, 'objective' | 'imageSize' | 'patchSize' | 'maskRatio'>,
) => objectives[h.objective].given(h)

/** What must hold between settings. */
const rules: Rule<Hyperparameters>[] = [
  [
    'The image size must be a multiple of the patch size.',
    'imageSize',
    (h) => h.imageSize % h.patchSize === 0,
  ],
  ['The width must be a multiple of 4, for the position embedding.', 'width', (h) => h.width % 4 === 0],
  ['The width must be a multiple of the number of heads.', 'heads', (h) => h.width % h.heads === 0],
  [
    'The query depth must divide the depth.',
    'queryDepth',
    (h) => h.queryDepth === 0 || h.depth % h.queryDepth === 0,
  ],
  [
    'The blur size must be odd, or 0 for no blur.',
    'blurSize',
    (h) => h.blurSize === 0 || h.blurSize % 2 === 1,
  ],
  ['The warm-up must be shorter than the run.', 'warmupEpochs', (h) => h.warmupEpochs <= h.epochs],
  [
    'The smallest crop area must not exceed the largest.',
    'cropScaleMinimum',
    (h) => h.cropScaleMinimum <= h.cropScaleMaximum,
  ],
  [
    'The minimum learning rate must not exceed the actual learning rate.',
    'minimumLearningRate',
    (h) => h.minimumLearningRate <= learningRate(h),
  ],
]

/** The rules of the chosen objective. */
const ofObjectives = objectiveNames.flatMap((name) =>
  objectives[name].rules.map(([message, at, holds]): Rule<Hyperparameters> => [
    message,
    at,
    (h) => h.objective !== name || holds(h),
  ]),
)

/** Parses and validates settings. Absent ones take their default; those that the objective fixes take its value. */
export const hyperparametersSchema = settings
  .transform((h): Hyperparameters => ({ ...h, ...settledBy(h.objective) }))
  .superRefine(keepRules([...rules, ...ofObjectives]))

/** Actual learning rate = base × effective batch / 256 (paper, Table 6). */
export const learningRate = (h: Pick<Hyperparameters, 'baseLearningRate' | 'batchSize' | 'accumulation'>) =>
  (h.baseLearningRate * h.batchSize * h.accumulation) / 256

export const allSettings = settingsOf(settings)

/** Whether a run can be resumed with another value. The model, its task and its data cannot change. */
export const isChangeable = ({ group, name }: Setting) =>
  (group === 'Optimisation' || group === 'Run') && name !== 'seed'

/** The settings with changes for a resume. Throws AppError bad-settings. */
export function withChanges(h: Hyperparameters, changes: Partial<Hyperparameters>): Hyperparameters {
  const fixed = allSettings.find((setting) => setting.name in changes && !isChangeable(setting))
  if (fixed && changes[fixed.name] !== h[fixed.name])
    throw new AppError('bad-settings', `${fixed.title} cannot change within a run.`, 'Start a new run.')
  const result = hyperparametersSchema.safeParse({ ...h, ...changes })
  if (result.success) return result.data
  throw new AppError('bad-settings', result.error.issues.map(({ message }) => message).join(' '))
}

/** Named starting points: what differs from the defaults (which are those of `base`). */
export const presets = {
  nano: {
    description: 'A quick start: 64 px, trains in minutes on a laptop.',
    values: {
      imageSize: 64,
      patchSize: 8,
      width: 192,
      depth: 4,
      heads: 3,
      queryDepth: 4,
      decoderWidth: 128,
      decoderDepth: 3,
      epochs: 10,
      batchSize: 16,
      baseLearningRate: 8e-3,
      warmupEpochs: 1,
      checkpointEvery: 5,
      healthEvery: 2,
    },
  },
  tiny: {
    description: 'ViT-Ti at 128 px: hours on a laptop, minutes on a GPU.',
    values: {
      imageSize: 128,
      patchSize: 16,
      width: 192,
      depth: 12,
      heads: 3,
      queryDepth: 12,
      decoderWidth: 128,
      epochs: 100,
      baseLearningRate: 1e-3,
      warmupEpochs: 10,
      checkpointEvery: 5,
      healthEvery: 5,
    },
  },
  small: {
    description: 'ViT-S/16 at 224 px: for a GPU.',
    values: {
      width: 384,
      heads: 6,
      decoderWidth: 256,
      epochs: 300,
      accumulation: 4,
      checkpointEvery: 10,
      healthEvery: 10,
    },
  },
  base: {
    description: "The paper's ViT-B/16 at 224 px, effective batch size 2048.",
    values: { accumulation: 32, checkpointEvery: 10, healthEvery: 10 },
  },
} as const satisfies Record<string, { description: string; values: Partial<Hyperparameters> }>

export type PresetName = keyof typeof presets
export const presetNames = Object.keys(presets) as [PresetName, ...PresetName[]]

/** All settings of a preset, with `changes` on top. Throws a ZodError if they do not fit together. */
export const fromPreset = (name: PresetName, changes: Partial<Hyperparameters> = {}): Hyperparameters =>
  hyperparametersSchema.parse({ ...presets[name].values, ...changes })

/** The preset whose model these settings have; null for a model of one's own. */
export const presetOf = (h: Hyperparameters): PresetName | null =>
  presetNames.find((name) => {
    const preset = fromPreset(name)
    return (['imageSize', 'patchSize', 'width', 'depth', 'heads'] as const).every(
      (each) => preset[each] === h[each],
    )
  }) ?? null

/** What the paper uses for its ViT-B/16, as the default is its value; undefined where it says nothing. */
export const paperValue = ({ name, paper, default: value }: Setting) =>
  paper === undefined ? undefined : (paperValues[name] ?? value)

/** Where the default differs from the paper: its batch is divided among GPUs, ours over steps. */
const paperValues: Partial<Record<string, number>> = { batchSize: 2048 }

/** The image sizes of the presets, the smallest first. */
export const presetImageSizes = [...new Set(presetNames.map((name) => fromPreset(name).imageSize))].sort(
  (a, b) => a - b,
)

/** A model in a word: its preset, or depth and width where it is that of none. */
export const modelName = (h: Hyperparameters): string => presetOf(h) ?? `${h.depth} blocks of ${h.width}`
