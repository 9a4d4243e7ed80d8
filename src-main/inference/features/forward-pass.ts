import path from 'node:path'
import { AppError } from '#shared/errors'
import { type CropOf, loadCrops } from '#images/batches'
import { Decoders } from '#images/decode/decoders'
import type { ImageFile } from '#images/manifest'
import type { Engine, Program, State } from '#engine/engine'
import type { StepFunction } from '#model/tensor/step'
import type { PixelStatistics } from '#model/augment/crop'
import type { FeatureRows } from './knn'

interface PassOptions {
  /** The part of an image that is read; its largest square where not given. */
  cropOf?: CropOf
  onProgress?: (done: number, total: number) => void
  stopped?: () => boolean
}

/** A step that makes one row of numbers, the output `rows`, of each image, run over the images of a folder. */
export class ForwardPass {
  private constructor(
    private readonly program: Program,
    private readonly size: number,
    private readonly threads: Decoders,
    private readonly batch: number,
  ) {}

  /** Compiles the step for `batch` images of side `size`. It reads the state's weights of the time when it runs. */
  static async open(
    engine: Engine,
    state: State,
    step: StepFunction,
    {
      size,
      decoders,
      statistics,
      batch = 64,
    }: { size: number; decoders: number; statistics: PixelStatistics; batch?: number },
  ): Promise<ForwardPass> {
    const images = { shape: [batch, size, size, 3], dtype: 'float32' as const }
    return new ForwardPass(
      await engine.compile(step, state, { images }),
      size,
      new Decoders(decoders, statistics),
      batch,
    )
  }

  /** The rows of all images, the next ones read in threads while some are worked on. Throws AppError image-unreadable. */
  async rows(
    folder: string,
    images: ImageFile[],
    { cropOf, onProgress, stopped }: PassOptions = {},
  ): Promise<FeatureRows> {
    const parts: Float32Array[] = []
    const batchSize = this.batch
    const load = (first: number) => this.load(folder, images.slice(first, first + batchSize), first, cropOf)
    let next = load(0)
    let width = 0
    for (let first = 0; first < images.length && !stopped?.(); first += batchSize) {
      const pixels = await next
      if (first + batchSize < images.length) next = load(first + batchSize)
      const rows = (await this.program.run({ images: pixels }))['rows']!
      width = rows.shape[1]!
      const kept = Math.min(batchSize, images.length - first)
      parts.push((rows.values as Float32Array).subarray(0, kept * width))
      onProgress?.(first + kept, images.length)
      await new Promise((resolve) => setImmediate(resolve)) // let messages in
    }
    const values = new Float32Array(images.length * width)
    parts.forEach((part, i) => values.set(part, i * batchSize * width))
    return { values, width }
  }

  async close(): Promise<void> {
    await this.threads.close()
    await this.program.dispose()
  }

  private async load(folder: string, images: ImageFile[], first: number, cropOf?: CropOf) {
    const { size } = this
    const crops = cropOf && ((image: ImageFile, i: number) => cropOf(image, first + i))
    const { images: pixels, reasons } = await loadCrops(this.threads, folder, images, size, crops)
    reasons.forEach((reason, i) => {
      if (reason !== null)
        throw new AppError(
          'image-unreadable',
          `${path.join(folder, images[i]!.path)} can not be read: ${reason}.`,
          'Scan the data set again.',
        )
    })
    const whole = new Float32Array(this.batch * size ** 2 * 3)
    whole.set(pixels)
    return whole
  }
}
