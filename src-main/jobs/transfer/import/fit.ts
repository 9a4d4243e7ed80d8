import { counted } from '#shared/words'
import type { WeightsReport } from '#shared/contract'
import { AppError } from '#shared/errors'
import { type Hyperparameters, hyperparametersSchema, patchCount } from '#shared/settings/hyperparameters'
import { isEncoderName } from '#model/vit/encoder'
import { authors, type Layout, layoutOf } from '#formats/layouts'
import { type FloatTensor, type FloatTensors, requireFinite } from '#formats/tensors'
import { interpolatePositions, positionTable } from '#model/vit/positions'
import type { WeightsFile } from '#formats/weights-file'
import {
  plain,
  refuseOthers,
  refuseParts,
  refuseRounded,
  requireEncoder,
  withPlainRegisters,
  withScalesInside,
  withZeroBiases,
} from './sameness'
import { shapeOf } from './shape'
import { initialWeights, weightShapes } from '#model/objectives/index'

export interface FittedWeights {
  h: Hyperparameters
  weights: FloatTensors
  report: WeightsReport
}

/** Positions that differ by less from the fixed ones are these, in other precision. */
const sameAsFixed = 1e-3

/** What a checkpoint keeps beside its trained weights and this model computes. */
const computed = ['pos_embed', 'gaussian_blur.weight']

/**
 * A file's weights as those of a model of ours: with the settings that the file tells, and `changes` on top. The encoder is
 * there as a whole and has the file's features, or is refused; other weights that the file does not have begin as in a new
 * run. Throws AppError weights-misfit where the models differ, not-finite where weights are no numbers, bad-settings where the
 * settings do not fit together.
 */
export function fitWeights(file: WeightsFile, changes: Partial<Hyperparameters>): FittedWeights {
  const { title, layout } = layoutOf(Object.keys(file.tensors))
  const { weights: read, scaled } = withScalesInside(withPlainRegisters(layout.read(file.tensors)))
  refuseParts(Object.keys(read))
  requirePositions(read, layout)
  const positions = positionsOf(read, changes)
  const h = settingsOf(read, positions, file.metadata, changes)
  const shapes = weightShapes(h)
  const found = withZeroBiases(read, shapes)
  if (positions && h.positions === 'learned')
    found['pos_embed'] = resized(positions, Math.sqrt(patchCount(h)))
  // Of other methods' models only the encoder is the same; the `norm` of MAE stands after it, that of SAIM after the decoder.
  const whole = 'mask_token' in found ? 'mask_token' in shapes : layout === authors
  const fits = (name: string) => name in shapes && (whole || isEncoderName(name))
  refuseRounded(file.notFloat)
  refuseOthers(Object.keys(found), (name) => fits(name) || computed.includes(name))
  const used = new Set(Object.keys(found).filter(fits))
  for (const name of used) {
    if (found[name]!.shape.join() !== shapes[name]!.join())
      throw new AppError(
        'weights-misfit',
        `${name} is [${found[name]!.shape.join(', ')}] in the file, the model needs [${shapes[name]!.join(', ')}].`,
        'Leave width, depth, heads, patch size and prediction head as the file has them.',
      )
  }
  requireEncoder(used, shapes)
  const taken = Object.fromEntries([...used].map((name) => [name, found[name]!]))
  requireFinite(taken, 'The file')
  const begun = initialWeights(h, h.seed, (name) => !used.has(name))
  const report = {
    layout: /^(model\.|state_dict\.)?$/.test(file.root) ? title : `${title}, below ${file.root.slice(0, -1)}`,
    used: used.size,
    model: `${counted(h.depth, 'blocks')} of width ${h.width}, ${counted(h.heads, 'heads')}, patches of ${h.patchSize} px, images of ${h.imageSize} px${h.registers ? `, ${counted(h.registers, 'registers')}` : ''}.${scaled ? ' LayerScale is multiplied into the last layers of its branches, which leaves the features as they are.' : ''}`,
    missing: Object.keys(begun),
    unexpected: [
      ...Object.keys(found).filter((name) => !fits(name) && !computed.includes(name)),
      ...[...file.notFloat, ...file.beside],
    ],
    positions: positionsReport(positions, h),
  }
  const weights = Object.fromEntries(Object.keys(shapes).map((name) => [name, taken[name] ?? begun[name]!]))
  return { h, weights, report }
}

/**
 * Positions that were learned, and those of another grid, which are interpolated, become a table that is trained on, unless
 * `changes` say otherwise.
 */
function settingsOf(
  weights: FloatTensors,
  file: Positions | null,
  { saim }: Record<string, string>,
  changes: Partial<Hyperparameters>,
): Hyperparameters {
  const shape = shapeOf(weights)
  const own = saim ? settingsIn(saim) : {}
  const { imageSize = own.imageSize } = shape
  const told = { ...shape, ...own, ...(imageSize !== undefined && { imageSize }), ...changes }
  const asFixed = file && file.difference <= sameAsFixed && told.imageSize === file.grid * told.patchSize!
  const positions = changes.positions ?? (asFixed || !file ? (own.positions ?? 'fixed') : 'learned')
  const result = hyperparametersSchema.safeParse({ ...told, positions })
  if (result.success) return result.data
  throw new AppError(
    'bad-settings',
    result.error.issues.map(({ path, message }) => `${path.join()}: ${message}`).join('\n'),
    'Choose settings that fit the weights.',
  )
}

/** The settings that a file of ours says it was trained with. Throws AppError weights-misfit where it says something else. */
function settingsIn(saim: string): Partial<Hyperparameters> {
  try {
    return Object(JSON.parse(saim)) as Partial<Hyperparameters>
  } catch {
    throw new AppError(
      'weights-misfit',
      'The settings that stand in the file cannot be read.',
      'Export it again, or remove “saim” from its metadata.',
    )
  }
}

/** A file's position embedding: rows before those of the patches, such as the class token's, and those of grid². */
interface Positions {
  grid: number
  /** [1, 1 + grid², C]: zeros for the class token where the file has no row for it. */
  table: FloatTensor
  /** The largest difference from the fixed sine-cosine embedding. */
  difference: number
}

/**
 * Refuses a model without a position embedding, unless it is of the authors' code, which computes it. Throws AppError
 * weights-misfit.
 */
function requirePositions(weights: FloatTensors, layout: Layout): void {
  if (weights['pos_embed'] || layout === authors) return
  throw new AppError(
    'weights-misfit',
    'The file has no positions, as models with rotary or relative ones: its features would be others.',
    plain,
  )
}

/**
 * The positions among weights under our names; null where there are none. Throws AppError weights-misfit where they are not
 * those of a square.
 */
function positionsOf(weights: FloatTensors, { imageSize }: Partial<Hyperparameters>): Positions | null {
  const found = weights['pos_embed']
  if (!found) return null
  const positions = positionsIn(found)
  const { grid } = positions
  const size = grid * (weights['patch_embed.proj.weight']?.shape[2] ?? 0)
  if ('cls_token' in weights && found.shape[1] === grid * grid && imageSize !== size)
    throw new AppError(
      'weights-misfit',
      `Its ${grid * grid} positions may be of ${grid} × ${grid} patches, or of ${grid - 1} × ${grid + 1} and the class token: the file does not tell.`,
      `If the model is for square images, say so by their size, ${size} px (--image-size ${size}).`,
    )
  return positions
}

function positionsIn({ shape, values }: FloatTensor): Positions {
  const [first, tokens = 0, width = 0] = shape
  const grid = Math.floor(Math.sqrt(tokens))
  const isSquare = grid > 0 && (tokens === grid * grid || tokens === grid * grid + 1)
  if (shape.length !== 3 || first !== 1 || width < 4 || width % 4 || !isSquare)
    throw new AppError(
      'weights-misfit',
      `Its positions are [${shape.join(', ')}]: with the class token's those of ${tokens - 1} patches, which is not a square.`,
      'Only models of square images can be imported. In Python timm interpolates positions: create the model with a square img_size, load the weights, and save its state_dict().',
    )
  const patches = values.subarray((tokens - grid * grid) * width)
  const table = new Float32Array((1 + grid * grid) * width)
  table.set(patches, width)
  if (tokens > grid * grid) table.set(values.subarray(0, width))
  const fixed = positionTable(grid, width)
  const difference = fixed.reduce((most, value, i) => Math.max(most, Math.abs(value - table[i]!)), 0)
  return { grid, table: { shape: [1, 1 + grid * grid, width], values: table }, difference }
}

/** The table for another grid, bicubic, as the authors do it. */
function resized({ grid, table }: Positions, to: number): FloatTensor {
  if (to === grid) return table
  const width = table.shape[2]!
  const values = new Float32Array((1 + to * to) * width)
  values.set(table.values.subarray(0, width))
  values.set(interpolatePositions(table.values.subarray(width), grid, to), width)
  return { shape: [1, 1 + to * to, width], values }
}

/** What became of the file's positions, in a sentence. */
function positionsReport(file: Positions | null, h: Hyperparameters): string {
  if (!file) return `The file has none; ${h.positions === 'fixed' ? 'computed' : 'begun as in a new run'}.`
  const here = Math.sqrt(patchCount(h))
  const [from, to] = [`${file.grid} × ${file.grid}`, `${here} × ${here} patches`]
  const learned = file.difference > sameAsFixed
  if (h.positions === 'learned') {
    if (here !== file.grid)
      return `${learned ? 'Learned' : 'The fixed sine-cosine embedding'}, interpolated from ${from} to ${to}; trained from here on.`
    // A file gives their number alone: whose model has 4 × 16 sees here what was taken for granted.
    return learned
      ? `Learned, taken as those of ${to}; trained from here on.`
      : 'The fixed sine-cosine embedding, kept; trained from here on.'
  }
  if (learned)
    return `Learned, by up to ${file.difference.toFixed(2)} other than the fixed sine-cosine embedding, which takes their place: the features change, training has to make up for it.`
  return here === file.grid
    ? 'The fixed sine-cosine embedding, as here.'
    : `The fixed sine-cosine embedding of ${from} patches; computed anew for ${to}.`
}
