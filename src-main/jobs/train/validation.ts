import type { Hyperparameters } from '#shared/settings/hyperparameters'
import type { Manifest } from '#images/manifest'
import type { Engine, Program, State } from '#engine/engine'
import { withBranches } from '#model/tensor/branches'
import type { PixelStatistics } from '#model/augment/crop'
import { ordersWithPlaces } from '#model/objectives/order'
import { imageInputs, validationStep } from '#model/objectives/pretrain'
import { overImages } from '#inference/over-images'
import { imagesAtOnce } from './gradients'

interface ValidationOptions {
  folder: string
  images: Manifest
  statistics: PixelStatistics
  /** Threads that decode; 0 chooses. */
  decoders: number
}

/**
 * The loss on the images that are held out, each cropped in the middle and predicted in an order of its own that stays
 * the same, so that numbers of different steps and runs can be compared.
 */
export class Validation {
  private constructor(
    private readonly h: Hyperparameters,
    private readonly options: ValidationOptions,
    private readonly program: Program,
    private readonly indices: Uint32Array,
    /** Images at once: no more than training takes. */
    private readonly size: number,
  ) {}

  /** Null where no image is held out. */
  static async open(
    h: Hyperparameters,
    options: ValidationOptions,
    engine: Engine,
    state: State,
  ): Promise<Validation | null> {
    const indices = options.images.indicesOf('validation')
    if (indices.length === 0) return null
    const size = imagesAtOnce(h, engine.device)
    const step = withBranches(validationStep(h), engine.device.branches)
    const program = await engine.compile(step, state, imageInputs(h, size))
    return new Validation(h, options, program, indices, size)
  }

  /** Mean over the images that can be read; NaN where none can. */
  async loss(): Promise<number> {
    const { h, indices, size: batch } = this
    const images = Array.from(indices, (index) => this.options.images.at(index))
    const run = (pixels: Float32Array, places: number[]) => {
      const order = ordersWithPlaces(
        h,
        h.splitSeed,
        0,
        Array.from(places, (place) => indices[place]!),
      )
      return this.program.run({ images: pixels, order })
    }
    let [sum, count] = [0, 0]
    const list = { ...this.options, images }
    for await (const { rows } of overImages(list, { size: h.imageSize, batch }, run))
      for (const loss of rows['losses']!) {
        sum += loss
        count++
      }
    return sum / count
  }

  dispose = () => this.program.dispose()
}
