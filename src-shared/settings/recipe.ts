import { settingValue } from '#shared/format'
import { type EvaluationKind, evaluationKinds, recipeNames, recipeOf, recipes } from './evaluation'
import { allSettings, type Hyperparameters } from './hyperparameters'
import type { Setting } from './schema'

/** Settings of pre-training that a reader asks about first, in this order; of the others those that are not the default. */
const first: (keyof Hyperparameters)[] = [
  ...(['objective', 'imageSize', 'patchSize', 'width', 'depth', 'heads', 'queryDepth', 'order'] as const),
  ...(['blurSize', 'blurSigma', 'epochs', 'batchSize', 'baseLearningRate', 'warmupEpochs'] as const),
]
/** What says nothing of what was learned, and the seed, which stands beside it. */
const aside: (keyof Hyperparameters)[] = [
  ...(['seed', 'checkpointEvery', 'healthEvery', 'keepEvery', 'keepBest', 'adaptBatch'] as const),
  ...(['gradientCheckpointing', 'decoderWidth', 'decoderDepth'] as const),
]

type Values = Record<string, number | boolean | string>

const words = (settings: Setting[], values: Values) =>
  settings
    .map((setting) => `${setting.title.toLowerCase()} ${settingValue(setting, values[setting.name]!)}`)
    .join(', ')

/** How a run was pre-trained, without what an experiment varies: `objective saim, image size 64 px, …`. */
export function trainingRecipe(h: Hyperparameters, varied: string[]): string {
  const told = [
    ...first.map((name) => allSettings.find((setting) => setting.name === name)!),
    ...allSettings.filter(({ name, default: usual }) => !first.includes(name) && h[name] !== usual),
  ]
  return words(
    told.filter(({ name }) => !varied.includes(name) && !aside.includes(name)),
    h,
  )
}

/** How a score was taken: the recipe whose settings these are, and what of them a reader asks about. */
export function scoreRecipe({ kind, settings: values }: { kind: EvaluationKind; settings: Values }): string {
  const all: Setting[] = evaluationKinds[kind].settings.filter(({ name }) => name !== 'seed')
  const named = recipeNames.find((name) => {
    const recipe = recipeOf(name, kind)?.values as Values | undefined
    return recipe && all.every((each) => values[each.name] === (recipe[each.name] ?? each.default))
  })
  const told = words(
    // The last block, 0, is not worth a word.
    all.filter((each) => (each.simple && each.name !== 'block') || values[each.name] !== each.default),
    values,
  )
  return named ? `${recipes[named].title}: ${told}` : told
}
