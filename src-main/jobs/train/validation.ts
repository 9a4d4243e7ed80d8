import type { Hyperparameters } from '#shared/settings/hyperparameters'
import { loadCentred } from '#images/batches'
import { Decoders } from '#images/decode/decoders'
import type { Manifest } from '#images/manifest'
import type { Engine, Program, State } from '#engine/engine'
import { withBranches } from '#model/tensor/branches'
import type { PixelStatistics } from '#model/augment/crop'
import { orders } from '#model/objectives/order'
import { imageInputs, validationStep } from '#model/objectives/pretrain'
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
    const { folder, images, statistics, decoders } = this.options
    const threads = new Decoders(decoders, statistics)
    let [sum, count] = [0, 0]
    try {
      for (let first = 0; first < this.indices.length; first += this.size) {
        const some = [...this.indices.subarray(first, first + this.size)]
        // The last ones are filled up with their first image, which then does not count again.
        const filled = Array.from({ length: this.size }, (_, b) => some[b] ?? some[0]!)
        const files = filled.map((index) => images.at(index))
        const batch = await loadCentred(threads, folder, files, this.h.imageSize)
        const order = orders(this.h, this.h.splitSeed, 0, filled)
        const { losses } = await this.program.run({ images: batch.images, order })
        some.forEach((_, b) => {
          if (!batch.readable[b]) return
          sum += losses!.values[b]!
          count++
        })
      }
    } finally {
      await threads.close()
    }
    return sum / count
  }

  dispose = () => this.program.dispose()
}
