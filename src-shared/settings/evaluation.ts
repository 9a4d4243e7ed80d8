import { z } from 'zod'
import { choice, integer, keepRules, number, type Rule, settingsOf, toggle } from './schema'

/** Every setting of kNN, linear probe, fine-tuning and segmentation, declared once as those of pre-training are. */

const block = integer(0, 0, 48, {
  title: 'Block',
  group: 'Model',
  simple: true,
  description: 'The block whose tokens are the features, counted from 1. 0 takes the last.',
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
    description: 'Learning rate for a batch of 256; the actual rate is this × batch size / 256.',
  })

const knn = z.object({
  block,
  pooling: features,
  neighbours: integer(10, 1, 1000, {
    title: 'Neighbours',
    group: 'Method',
    simple: true,
    description: 'Training images nearest by cosine that vote for the class of an image.',
  }),
  temperature: number(0.07, 0.001, 10, {
    title: 'Temperature',
    group: 'Method',
    description: 'A neighbour counts exp(similarity / temperature): the lower, the more the nearest count.',
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
      'Crops of each training image whose features are kept; an epoch takes one of them. 1 is the centre alone, which is fast.',
  }),
  epochs: epochs(90, 'Section 4.1'),
  batchSize: integer(64, 2, 65_536, {
    title: 'Batch size',
    unit: 'images',
    group: 'Optimisation',
    simple: true,
    paper: '16384 in all',
    description: 'Images of one step. Cut to the number of training images.',
  }),
  optimizer: choice(['SGD', 'LARS'], {
    title: 'Optimiser',
    group: 'Optimisation',
    simple: true,
    paper: 'LARS',
    description:
      'SGD with momentum for thousands of images; LARS, as the paper, for millions: it takes thousands of steps.',
  }),
  baseLearningRate: baseLearningRate(0.1, 'Section 4.1'),
  momentum: number(0.9, 0, 0.999, {
    title: 'Momentum',
    group: 'Optimisation',
    description: 'Share of the last step that is kept.',
  }),
  weightDecay: number(0, 0, 1, {
    title: 'Weight decay',
    group: 'Optimisation',
    description: 'Pull of the weights towards 0.',
  }),
  warmupEpochs: warmupEpochs(10, 'as MAE'),
  seed,
})
export type ProbeSettings = z.infer<typeof probe>

/** The paper's fine-tuning (Table 7), with batches for one machine instead of 1024 in all. */
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
      'Side of the images, a multiple of the patch size; positions are interpolated. 0 takes that of pre-training.',
  }),
  pooling: pooling('What is classified: the mean of the patch tokens, or the class token.'),
  epochs: epochs(50, inTable7('epochs')),
  batchSize: integer(16, 2, 4096, {
    title: 'Batch size',
    unit: 'images',
    group: 'Optimisation',
    simple: true,
    paper: 'Table 7: 1024 in all',
    description: 'Images of one step. Cut to the number of training images.',
  }),
  baseLearningRate: baseLearningRate(16e-3, inTable7('baseLearningRate')),
  minimumLearningRate: number(0, 0, 1, {
    title: 'Minimum learning rate',
    group: 'Optimisation',
    description: 'Where the cosine ends.',
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
    description: 'Decoupled decay of weights; biases and other vectors are left out.',
  }),
  layerDecay: number(0.75, 0.01, 1, {
    title: 'Layer decay',
    group: 'Optimisation',
    simple: true,
    paper: inTable7('layerDecay'),
    description:
      'Factor of the learning rate from each layer to the one before it. 1 trains all layers alike, as one wants from scratch.',
  }),
  dropPath: probability(0, 0.9, 'Drop path', inTable7('dropPath'), 'Chance that a branch of the last block is left out of an image; earlier blocks have less.'),
  labelSmoothing: probability(0, 0.9, 'Label smoothing', inTable7('labelSmoothing'), 'Share of the target that is spread over all classes.'),
  mixup: probability(0, 2, 'Mixup', inTable7('mixup'), 'Parameter of the Beta distribution by which two images are blended. 0 turns it off.'),
  cutmix: probability(0, 2, 'Cutmix', inTable7('cutmix'), 'Parameter of the Beta distribution by which a box of another image is pasted. 0 turns it off.'),
  randAugmentMagnitude: probability(0, 10, 'RandAugment magnitude', inTable7('randAugmentMagnitude'), 'Mean strength of two random operations on each image. 0 turns them off.'),
  randAugmentDeviation: probability(0.5, 10, 'RandAugment deviation', 'Table 7', 'Standard deviation of the strength.'),
  cropScaleMinimum: number(0.67, 0.01, 1, {
    title: 'Crop area from',
    group: 'Data',
    paper: `as MAE: ${table7.cropScaleMinimum}`,
    description: 'Smallest area of a random crop, as a share of the image.',
  }),
  flip: toggle(true, { title: 'Horizontal flip', group: 'Data', description: 'Mirror every second image, at random.' }),
  seed,
}) // prettier-ignore
export type FineTuneSettings = z.infer<typeof fineTune>

/** Named starting points of fine-tuning: what differs from the defaults. */
export const fineTuneRecipes = {
  small: {
    title: 'For thousands of images',
    description: 'Many steps at a high rate, no augmentation but crops and flips.',
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
      'Side of the images, a multiple of the patch size; positions are interpolated. 0 takes that of pre-training.',
  }),
  blocks: integer(4, 1, 12, {
    title: 'Blocks',
    group: 'Model',
    simple: true,
    description: 'Blocks whose tokens are joined, evenly chosen, the last among them.',
  }),
  epochs: epochs(30),
  batchSize: integer(256, 2, 65_536, {
    title: 'Batch size',
    unit: 'patches',
    group: 'Optimisation',
    description: 'Patches of one step. Cut to the number of patches that have labels.',
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

/** The ways to find out what was learned: their settings and what they are called. */
export const evaluationKinds = {
  knn: {
    title: 'Nearest neighbours',
    description: 'Classes voted for by the most similar training images. Nothing is trained: seconds.',
    schema: knn,
    settings: settingsOf(knn),
  },
  probe: {
    title: 'Linear probe',
    description: 'A linear layer on frozen features, as the paper does. Minutes.',
    schema: probe.superRefine(keepRules(probeRules)),
    settings: settingsOf(probe),
  },
  finetune: {
    title: 'Fine-tuning',
    description: 'The whole encoder is trained on the classes, from the checkpoint or from scratch.',
    schema: fineTune.superRefine(keepRules(fineTuneRules)),
    settings: settingsOf(fineTune),
  },
  segment: {
    title: 'Segmentation',
    description:
      'A linear layer on frozen features names the class of each pixel. It takes a folder “masks” beside that of the images, with a PNG for each.',
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
