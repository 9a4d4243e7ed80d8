import type { ExportPlan } from '#shared/contract'
import { type Hyperparameters, patchCount } from '#shared/settings/hyperparameters'
import { weightShapes } from '#model/objectives/index'
import { sizeOf } from '#model/tensor/step'
import { encoderShapes } from '#model/vit/encoder'
import type { Shapes } from '#model/vit/layers'

/** Bytes of the weights that exports hold (`holds` of exportFormats), as formats/layouts.ts writes them: fixed positions too. */
export function exportBytes(h: Hyperparameters): ExportPlan['bytes'] {
  const positions = { pos_embed: [1, 1 + patchCount(h), h.width] }
  const blur = { 'gaussian_blur.weight': [3, 1, h.blurSize, h.blurSize] }
  const bytesOf = (shapes: Shapes) =>
    4 * Object.values({ ...positions, ...shapes }).reduce((sum, shape) => sum + sizeOf(shape), 0)
  return {
    all: bytesOf({ ...weightShapes(h), ...blur }),
    encoder: bytesOf(encoderShapes(h)),
  }
}
