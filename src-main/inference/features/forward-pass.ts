import path from 'node:path'
import { AppError } from '#shared/errors'
import { type CropOf, type ImageList, scored } from '#images/crops'
import type { ImageFile } from '#images/manifest'
import type { Engine, Program, State } from '#engine/engine'
import type { StepFunction } from '#model/tensor/step'
import { overImages } from '#inference/over-images'
import type { FeatureRows } from './knn'

interface Reading extends Pick<ImageList, 'decoders' | 'statistics'> {
  /** Side of the images in pixels. */
  size: number
  /** Images at once. */
  batch?: number
}

interface PassOptions {
  /** The part of an image that is read; where not given, images are read as they are scored. */
  cropOf?: CropOf | undefined
  onProgress?: (done: number, total: number) => void
  /** Asked between batches; the rows of later images are then 0. */
  stopped?: () => boolean
}

/** Runs a step over the images of a folder. Its one output is a row of numbers for each image. */
export class ForwardPass {
  private constructor(
    private readonly program: Program,
    private readonly reading: Reading & { batch: number },
  ) {}

  /** Compiles the step for images [batch, size, size, 3]. It reads the state's weights of the time when it runs. */
  static async open(
    engine: Engine,
    state: State,
    step: StepFunction,
    { batch = 64, ...reading }: Reading,
  ): Promise<ForwardPass> {
    const images = { shape: [batch, reading.size, reading.size, 3], dtype: 'float32' as const }
    return new ForwardPass(await engine.compile(step, state, { images }), { ...reading, batch })
  }

  /** The rows of all images. Throws AppError image-unreadable. */
  async rows(
    folder: string,
    images: ImageFile[],
    { onProgress, cropOf = scored, ...options }: PassOptions = {},
  ): Promise<FeatureRows> {
    let found: FeatureRows = { values: new Float32Array(0), width: 0 }
    const list = { ...this.reading, folder, images }
    const run = (pixels: Float32Array) => this.program.run({ images: pixels })
    for await (const { rows, places, unreadable, done } of overImages(
      list,
      { ...this.reading, ...options, cropOf },
      run,
    )) {
      if (unreadable[0]) throw imageUnreadable(folder, unreadable[0])
      const part = Object.values(rows)[0]!
      const width = part.length / places.length
      if (found.width === 0) found = { values: new Float32Array(images.length * width), width }
      found.values.set(part, places[0]! * width)
      onProgress?.(done, images.length)
    }
    return found
  }

  close = () => this.program.dispose()
}

const imageUnreadable = (folder: string, { path: file, reason }: { path: string; reason: string }) =>
  new AppError(
    'image-unreadable',
    `${path.join(folder, file)} cannot be read: ${reason}.`,
    'Scan the data set again.',
  )
