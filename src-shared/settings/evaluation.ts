import { z } from 'zod'
import { choice, integer, keepRules, number, type Rule, settingsOf, toggle } from './schema'

/** Every setting of kNN, linear probe, fine-tuning and segmentation, declared once. */

const block = integer(0, 0, 48, {
  title: 'Block',
  group: 'Model',
  simple: true,
  description: 'The block whose tokens are the features, counted from 1. 0 is the last.',
})
const pooling = (description: string) =>
  choice(['mean', 'class'], { title: 'Pooling', group: 'Model', paper: 'Table 7', description })
const features = pooling('Features are the mean of the patch tokens, or the class token.')
const seed = integer(0, 0, 0xffffffff, {
  title: 'Seed',
  group: 'Run',
  simple: true,
  description: 'The same seed, data and settings give the same result.',
})
const report = choice(['last', 'best'], {
  title: 'Report',
  group: 'Run',
  paper: "authors' code: best",
  description:
    'The score after the last epoch, or the best of all epochs, which is chosen by the same images that it is measured on. Every epoch is scored.',
})
const epochs = (value: number, paper?: string) =>
  integer(value, 1, 10_000, {
    title: 'Epochs',
    group: 'Optimisation',
    simple: true,
    paper,
    description: 'Passes over the training images.',
  })
const warmupEpochs = (value: number, paper?: string) =>
  number(value, 0, 1000, {
    title: 'Warm-up',
    unit: 'epochs',
    group: 'Optimisation',
    paper,
    description: 'Epochs over which the learning rate rises linearly from 0.',
  })
const baseLearningRate = (value: number, paper?: string) =>
  number(value, 0, 100, {
    title: 'Base learning rate',
    group: 'Optimisation',
    simple: true,
    paper,
    description:
      'Learning rate at a batch size of 256. Actual learning rate = base learning rate × batch size / 256.',
  })

const knn = z.object({
  block,
  pooling: features,
  neighbours: integer(10, 1, 1000, {
    title: 'Neighbours',
    group: 'Method',
    simple: true,
    description:
      'Number of nearest training images, by cosine similarity, that vote for the class of an image.',
  }),
  temperature: number(0.07, 0.001, 10, {
    title: 'Temperature',
    group: 'Method',
    description:
      "A neighbour's vote has weight exp(similarity / temperature): lower values favour the nearest.",
  }),
})
export type KnnSettings = z.infer<typeof knn>

const probe = z.object({
  block,
  pooling: features,
  layerNorm: toggle(false, {
    title: 'Norm before the probe',
    group: 'Model',
    paper: "authors' code: on",
    description:
      'The class token goes through the LayerNorm of pre-training, the mean of the patch tokens through a new one.',
  }),
  views: integer(1, 0, 64, {
    title: 'Views',
    group: 'Data',
    paper: "authors' code: a new crop in each epoch (0)",
    description:
      'Number of crops of each training image whose features are stored; each epoch uses one of them. 1 is the image as it is scored, which is fast. 0 is a new crop in each epoch: a pass over the images each.',
  }),
  cropScaleMinimum: number(0.67, 0.01, 1, {
    title: 'Crop area from',
    group: 'Data',
    paper: "authors' code: 0.08",
    description:
      'Smallest area of a random crop, as a share of the image. Crops are drawn once and clamped to the image.',
  }),
  flip: toggle(true, {
    title: 'Horizontal flip',
    group: 'Data',
    description: 'Mirror each crop with a probability of one half.',
  }),
  epochs: epochs(90, "authors' code"),
  batchSize: integer(64, 2, 65_536, {
    title: 'Batch size',
    unit: 'images',
    group: 'Optimisation',
    simple: true,
    paper: "authors' code: 2048",
    description: 'Images per step; at most the number of training images.',
  }),
  optimizer: choice(['SGD', 'LARS'], {
    title: 'Optimiser',
    group: 'Optimisation',
    simple: true,
    paper: "authors' code: SGD",
    description:
      'SGD with momentum, or LARS, with which MAE is probed: it is for millions of images, since it needs thousands of steps.',
  }),
  baseLearningRate: baseLearningRate(0.1, "authors' code"),
  momentum: number(0.9, 0, 0.999, {
    title: 'Momentum',
    group: 'Optimisation',
    description: 'Share of the previous step that is kept.',
  }),
  weightDecay: number(0, 0, 1, {
    title: 'Weight decay',
    group: 'Optimisation',
    description: 'Strength of the pull of the weights towards 0.',
  }),
  warmupEpochs: warmupEpochs(10, "authors' code: 0"),
  report,
  seed,
})
export type ProbeSettings = z.infer<typeof probe>

/** The authors' probe. */
const authorsProbe = {
  pooling: 'class',
  layerNorm: true,
  views: 0,
  cropScaleMinimum: 0.08,
  epochs: 90,
  batchSize: 2048,
  warmupEpochs: 0,
  report: 'best',
} as const

/**
 * The authors' fine-tuning: Table 7, and where it says nothing, their code. Its batch of 1024 is accumulated. Table 7 has
 * .99 for the second beta, the code PyTorch's .999.
 */
const table7 = {
  pooling: 'class',
  epochs: 100,
  batchSize: 64,
  accumulation: 16,
  baseLearningRate: 5e-4,
  warmupEpochs: 20,
  layerDecay: 0.65,
  dropPath: 0.1,
  labelSmoothing: 0.1,
  mixup: 0.8,
  cutmix: 1,
  randAugmentMagnitude: 9,
  cropScaleMinimum: 0.08,
  randomErasing: 0.25,
  minimumLearningRate: 1e-6,
  beta2: 0.999,
  report: 'best',
} as const
const inTable7 = (name: keyof typeof table7) => `Table 7: ${table7[name]}`

const probability = (value: number, maximum: number, title: string, paper: string, description: string) =>
  number(value, 0, maximum, { title, group: 'Method', paper, description })

const fineTune = z.object({
  imageSize: integer(0, 0, 1024, {
    title: 'Image size',
    unit: 'px',
    group: 'Model',
    description:
      'Side of the images, a multiple of the patch size; positions are interpolated. 0 uses the size of pre-training.',
  }),
  pooling: pooling('What the classifier sees: the mean of the patch tokens through a new LayerNorm, or the class token through that of pre-training.'),
  epochs: epochs(50, inTable7('epochs')),
  batchSize: integer(16, 2, 4096, {
    title: 'Batch size',
    unit: 'images',
    group: 'Optimisation',
    simple: true,
    paper: 'Table 7: 1024 in all',
    description: 'Images per step; at most the number of training images.',
  }),
  accumulation: integer(1, 1, 1024, {
    title: 'Gradient accumulation',
    unit: 'steps',
    group: 'Optimisation',
    description:
      'Batches whose gradients are averaged into one update: effective batch size = batch size × accumulation, at most the number of training images.',
  }),
  baseLearningRate: baseLearningRate(16e-3, inTable7('baseLearningRate')),
  minimumLearningRate: number(0, 0, 1, {
    title: 'Minimum learning rate',
    group: 'Optimisation',
    paper: "authors' code: 1e-6",
    description: 'Learning rate at the end of the cosine schedule.',
  }),
  warmupEpochs: warmupEpochs(5, inTable7('warmupEpochs')),
  beta1: number(0.9, 0, 0.9999, {
    title: 'Beta 1',
    group: 'Optimisation',
    paper: 'Table 7',
    description: "Decay of AdamW's mean of gradients.",
  }),
  beta2: number(0.99, 0, 0.99999, {
    title: 'Beta 2',
    group: 'Optimisation',
    paper: "Table 7: 0.99; authors' code: 0.999",
    description: "Decay of AdamW's mean of squared gradients. The authors' table and code differ; their recipe here is the code's.",
  }),
  weightDecay: number(0.05, 0, 1, {
    title: 'Weight decay',
    group: 'Optimisation',
    paper: 'Table 7',
    description: 'Decoupled weight decay; biases and other vectors, class token and positions are not decayed.',
  }),
  layerDecay: number(0.75, 0.01, 1, {
    title: 'Layer decay',
    group: 'Optimisation',
    simple: true,
    paper: inTable7('layerDecay'),
    description:
      'Factor on the learning rate from each layer to the one before it. 1 trains all layers alike, which suits training from scratch.',
  }),
  dropPath: probability(0, 0.9, 'Drop path', inTable7('dropPath'), 'Probability of skipping a branch of the last block for an image; lower in earlier blocks.'),
  labelSmoothing: probability(0, 0.9, 'Label smoothing', inTable7('labelSmoothing'), 'Share of the target spread over all classes.'),
  mixup: probability(0, 2, 'Mixup', inTable7('mixup'), 'Parameter of the Beta distribution for blending two images. 0 turns it off.'),
  cutmix: probability(0, 2, 'Cutmix', inTable7('cutmix'), 'Parameter of the Beta distribution for pasting a box from another image. 0 turns it off.'),
  randAugmentMagnitude: probability(0, 10, 'RandAugment magnitude', inTable7('randAugmentMagnitude'), 'Mean strength of the two random operations applied to each image. 0 turns them off.'),
  randAugmentDeviation: probability(0.5, 10, 'RandAugment deviation', 'Table 7', 'Standard deviation of the strength.'),
  randomErasing: probability(0, 1, 'Random erasing', "authors' code: 0.25", 'Probability of a box of noise in an image, of 2 to 33% of its area.'),
  report,
  cropScaleMinimum: number(0.67, 0.01, 1, {
    title: 'Crop area from',
    group: 'Data',
    paper: `authors' code: ${table7.cropScaleMinimum}`,
    description: 'Smallest area of a random crop, as a share of the image.',
  }),
  flip: toggle(true, { title: 'Horizontal flip', group: 'Data', description: 'Mirror each image with a probability of one half.' }),
  seed,
}) // prettier-ignore
export type FineTuneSettings = z.infer<typeof fineTune>

const segmentation = z.object({
  imageSize: integer(0, 0, 512, {
    title: 'Image size',
    unit: 'px',
    group: 'Model',
    simple: true,
    description:
      'Side of the images, a multiple of the patch size; positions are interpolated. 0 uses the size of pre-training.',
  }),
  blocks: integer(4, 1, 12, {
    title: 'Blocks',
    group: 'Model',
    simple: true,
    description: 'Number of blocks whose tokens are concatenated, evenly spaced and including the last.',
  }),
  epochs: epochs(30),
  batchSize: integer(256, 2, 65_536, {
    title: 'Batch size',
    unit: 'patches',
    group: 'Optimisation',
    description: 'Patches per step; at most the number of labelled patches.',
  }),
  optimizer: probe.shape.optimizer,
  baseLearningRate: baseLearningRate(0.02),
  momentum: probe.shape.momentum,
  weightDecay: probe.shape.weightDecay,
  warmupEpochs: warmupEpochs(3),
  seed,
})
export type SegmentationSettings = z.infer<typeof segmentation>

const warmupRule: [string, 'warmupEpochs'] = ['The warm-up must be shorter than the run.', 'warmupEpochs']
const probeRules: Rule<ProbeSettings>[] = [[...warmupRule, (s) => s.warmupEpochs <= s.epochs]]
const segmentationRules: Rule<SegmentationSettings>[] = [[...warmupRule, (s) => s.warmupEpochs <= s.epochs]]
const fineTuneRules: Rule<FineTuneSettings>[] = [[...warmupRule, (s) => s.warmupEpochs <= s.epochs]]

/** The kinds of evaluation, with their settings. */
export const evaluationKinds = {
  knn: {
    title: 'Nearest neighbours',
    about: 'The nearest images vote',
    description: 'The most similar training images vote for the class. No training; takes seconds.',
    schema: knn,
    settings: settingsOf(knn),
  },
  probe: {
    title: 'Linear probe',
    about: 'One trained layer',
    description: 'Trains a linear layer on frozen features, as in the paper. Takes minutes.',
    schema: probe.superRefine(keepRules(probeRules)),
    settings: settingsOf(probe),
  },
  finetune: {
    title: 'Fine-tuning',
    about: 'The whole encoder',
    description: 'Trains the whole encoder on the classes, from the checkpoint or from scratch.',
    schema: fineTune.superRefine(keepRules(fineTuneRules)),
    settings: settingsOf(fineTune),
  },
  segment: {
    title: 'Segmentation',
    about: 'Needs masks',
    description:
      'Trains a linear layer on frozen features to predict the class of each pixel. Needs a folder “masks” next to the image folder, with a PNG for each image.',
    schema: segmentation.superRefine(keepRules(segmentationRules)),
    settings: settingsOf(segmentation),
  },
} as const
export type EvaluationKind = keyof typeof evaluationKinds
export const evaluationKindNames = Object.keys(evaluationKinds) as [EvaluationKind, ...EvaluationKind[]]

/** A kind with its settings. */
export type EvaluationPlan =
  | { kind: 'knn'; settings: KnnSettings }
  | { kind: 'probe'; settings: ProbeSettings }
  | { kind: 'finetune'; settings: FineTuneSettings }
  | { kind: 'segment'; settings: SegmentationSettings }

/** Named starting points: what differs from the defaults. */
export const recipes = {
  small: {
    title: 'For thousands of images',
    probe: { description: 'Features once, of the images as they are scored; small batches.', values: {} },
    finetune: {
      description: 'Many steps at a high learning rate; no augmentation except crops and flips.',
      values: {},
    },
  },
  authors: {
    title: "The authors'",
    probe: {
      description:
        "The authors' code, for a million images: class token through the norm, new crops in each epoch, batches of 2048.",
      values: authorsProbe,
    },
    finetune: {
      description:
        "Table 7 and the authors' code, for a million images: strong augmentation, small steps, many epochs, the best of which counts.",
      values: table7,
    },
  },
} as const
export type Recipe = keyof typeof recipes
export const recipeNames = Object.keys(recipes) as [Recipe, ...Recipe[]]

/** What a recipe says of a kind of evaluation; null where it has no recipes. */
export const recipeOf = (
  name: Recipe,
  kind: EvaluationKind,
): { description: string; values: object } | null =>
  kind === 'probe' || kind === 'finetune' ? recipes[name][kind] : null
