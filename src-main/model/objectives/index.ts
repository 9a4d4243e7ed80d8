import type { ObjectiveName } from '#shared/settings/objectives'
import type { Hyperparameters } from '#shared/settings/hyperparameters'
import { encoderShapes } from '#model/vit/encoder'
import { initialValuesOf } from '#model/vit/initial'
import type { Shapes } from '#model/vit/layers'
import { sizeOf } from '#model/tensor/step'
import { igpt } from './igpt'
import { mae } from './mae'
import type { Objective } from './objective'
import { saim } from './saim'

/** The objectives, by the names that src-shared/settings/objectives.ts declares: a new one is a file there and here. */
const objectives: Record<ObjectiveName, Objective> = { saim, mae, igpt }

/** The objective that the settings name. */
export const objectiveOf = (h: Pick<Hyperparameters, 'objective'>): Objective => objectives[h.objective]

/** Shapes of all trainable weights by the names of the authors' state_dict (of SAIM, or of MAE), in its order. */
export const weightShapes = (h: Hyperparameters): Shapes => ({
  ...encoderShapes(h),
  ...objectiveOf(h).shapes(h),
})

/** How many values all weights have together. */
export const weightCount = (h: Hyperparameters): number =>
  Object.values(weightShapes(h)).reduce((sum, shape) => sum + sizeOf(shape), 0)

/** Weights to begin with; see `initialValuesOf`. */
export const initialWeights = (h: Hyperparameters, seed: number, wanted?: (name: string) => boolean) =>
  initialValuesOf(weightShapes(h), seed, wanted)
