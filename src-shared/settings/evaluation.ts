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
  views: integer(1, 1, 64, {
    title: 'Views',
    group: 'Data',
    paper: 'A new crop in each epoch',
    description:
      'Number of crops of each training image whose features are stored; each epoch uses one of them. 1 is the centre crop only, which is fast.',
  }),
  epochs: epochs(90, 'Section 4.1'),
  batchSize: integer(64, 2, 65_536, {
    title: 'Batch size',
    unit: 'images',
    group: 'Optimisation',
    simple: true,
    paper: '16384 in all',
    description: 'Images per step; at most the number of training images.',
  }),
  optimizer: choice(['SGD', 'LARS'], {
    title: 'Optimiser',
    group: 'Optimisation',
    simple: true,
    paper: 'LARS',
    description:
      'SGD with momentum suits thousands of images. LARS, as in the paper, suits millions, since it needs thousands of steps.',
  }),
  baseLearningRate: baseLearningRate(0.1, 'Section 4.1'),
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
  warmupEpochs: warmupEpochs(10, 'as MAE'),
  seed,
})
export type ProbeSettings = z.infer<typeof probe>

/** The paper's fine-tuning (Table 7), with a batch size for one machine instead of 1024 in all. */
const table7 = {
  epochs: 100,
  batchSize: 64,
  baseLearningRate: 5e-4,
  warmupEpochs: 20,
  layerDecay: 0.65,
  dropPath: 0.1,
  labelSmoothing: 0.1,
  mixup: 0.8,
  cutmix: 1,
  randAugmentMagnitude: 9,
  cropScaleMinimum: 0.08,
}
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
  pooling: pooling('What the classifier sees: the mean of the patch tokens, or the class token.'),
  epochs: epochs(50, inTable7('epochs')),
  batchSize: integer(16, 2, 4096, {
    title: 'Batch size',
    unit: 'images',
    group: 'Optimisation',
    simple: true,
    paper: 'Table 7: 1024 in all',
    description: 'Images per step; at most the number of training images.',
  }),
  baseLearningRate: baseLearningRate(16e-3, inTable7('baseLearningRate')),
  minimumLearningRate: number(0, 0, 1, {
    title: 'Minimum learning rate',
    group: 'Optimisation',
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
    paper: 'Table 7',
    description: "Decay of AdamW's mean of squared gradients.",
  }),
  weightDecay: number(0.05, 0, 1, {
    title: 'Weight decay',
    group: 'Optimisation',
    paper: 'Table 7',
    description: 'Decoupled weight decay; biases and other vectors are not decayed.',
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
  cropScaleMinimum: number(0.67, 0.01, 1, {
    title: 'Crop area from',
    group: 'Data',
    paper: `as MAE: ${table7.cropScaleMinimum}`,
    description: 'Smallest area of a random crop, as a share of the image.',
  }),
  flip: toggle(true, { title: 'Horizontal flip', group: 'Data', description: 'Mirror each image with a probability of one half.' }),
  seed,
}) // prettier-ignore
export type FineTuneSettings = z.infer<typeof fineTune>

/** Named starting points of fine-tuning: what differs from the defaults. */
export const fineTuneRecipes = {
  small: {
    title: 'For thousands of images',
    description: 'Many steps at a high learning rate; no augmentation except crops and flips.',
    values: {},
  },
  paper: {
    title: "The paper's",
    description: 'Table 7 of the paper, for a million images: strong augmentation, small steps, many epochs.',
    values: table7,
  },
} as const satisfies Record<string, { title: string; description: string; values: Partial<FineTuneSettings> }>
export type FineTuneRecipe = keyof typeof fineTuneRecipes
export const fineTuneRecipeNames = Object.keys(fineTuneRecipes) as [FineTuneRecipe, ...FineTuneRecipe[]]

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
