import { rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import type {
  AttentionMaps,
  AttentionView,
  EventPayload,
  OrderChoice,
  Reconstruction,
  Unrolled,
} from '#shared/contract'
import { AppError } from '#shared/errors'
import type { Hyperparameters } from '#shared/settings/hyperparameters'
import { loadCentredImage } from '#images/decode/centred'
import type { Engine } from '#engine/engine'
import { readRun } from '#storage/run/run-folder'
import { attend, type Attention } from '#inference/pictures/attention'
import { CheckpointModel, type CheckpointPlace } from '#inference/checkpoint-model'
import { pooledOf } from '#inference/features/embeddings'
import { unitRows } from '#inference/features/knn'
import { chosenOrder } from '#inference/pictures/chosen-order'
import { oneByOne } from '#inference/pictures/free-running'
import { type Picture, pictureOf, png } from '#inference/pictures/pictures'
import { panelsOf, reconstruct } from '#inference/pictures/reconstruct'
import { animation, strip, unroll, type Unrolling } from '#inference/pictures/unroll'
import { inTurn } from '#platform/background'

/** A question to a checkpoint about an image. */
export interface Asked {
  place: CheckpointPlace
  /** A file that holds an image. */
  image: string
  order: OrderChoice
}

export interface AskedUnrolling extends Asked {
  mode: 'teacher' | 'free'
  given: number
}

/** Models and images kept in memory; pictures kept on disk. */
const limits = { models: 4, images: 32, pictures: 400 }

/** Answers questions to checkpoints about single images. Pictures become files in `folder`, named in the answers. */
export class Inspector {
  /** By settings: checkpoints of one run, and of runs with the same settings, share compiled programs. */
  private readonly models = new Map<string, { model: CheckpointModel; shown: string }>()
  private readonly images = new Map<string, Float32Array>()
  private readonly attentions = new Map<string, { found: Attention; distances: number[][] }>()
  private readonly unrollings = new Map<string, { unrolling: Unrolling; h: Hyperparameters }>()
  private pictures = 0
  /** Questions are answered one after the other, since they share the models. */
  private readonly inTurn = inTurn()

  constructor(
    private readonly engine: Engine,
    private readonly folder: string,
    private readonly tell: (progress: EventPayload<'inspect.progress'>) => void,
  ) {}

  reconstruct = (asked: Asked): Promise<Reconstruction> =>
    this.inTurn(async () => {
      const { model, pixels, order } = await this.prepare(asked)
      const result = await reconstruct(model, pixels, order)
      const { pattern, ...panels } = panelsOf(result, model.statistics)
      return {
        pictures: {
          original: await this.keep(panels.original),
          smoothed: await this.keep(panels.smoothed),
          prediction: await this.keep(panels.prediction),
          error: await this.keep(panels.error),
          pattern: pattern && (await this.keep(pattern)),
        },
        loss: result.loss,
        order: [...order],
        patchLoss: [...result.patchLoss],
      }
    })

  unroll = (asked: AskedUnrolling): Promise<Unrolled> => {
    const answer = this.inTurn(async () => {
      const { original, prediction, order } = (await this.unrolling(asked)).unrolling
      return {
        original: await this.keep(original),
        prediction: await this.keep(prediction),
        order: [...order],
      }
    })
    // The free-running mode is likely to come next: compile it already.
    if (asked.mode === 'teacher')
      void answer
        .then(() => this.inTurn(async () => (await this.model(asked.place)).programFor(oneByOne)))
        .catch(() => undefined)
    return answer
  }

  /** Writes an animation or a strip of pictures. */
  saveUnrolled = (asked: AskedUnrolling, format: 'gif' | 'png', file: string): Promise<void> =>
    this.inTurn(async () => {
      const { unrolling, h } = await this.unrolling(asked)
      await writeFile(file, await (format === 'gif' ? animation : strip)(unrolling, h), { flag: 'wx' })
    })

  attention = (asked: Asked, view: AttentionView, token: number): Promise<AttentionMaps> =>
    this.inTurn(async () => {
      const { model, pixels, order, key } = await this.prepare(asked)
      const name = `${view} ${view === 'full' ? '' : order.join()} ${key}`
      const known = this.attentions.get(name) ?? measured(await attend(model, pixels, order, view))
      remember(this.attentions, name, known, 1)
      if (token > order.length || (view === 'query' && token === 0))
        throw new AppError('bad-message', 'The query stream has no class token.', 'Select a patch.')
      return {
        picture: await this.keep(pictureOf(pixels, model.statistics)),
        order: [...order],
        maps: known.distances.map((_, layer) => known.found.of(layer, token)),
        distances: known.distances,
      }
    })

  /** The feature of an image, of length 1, as it is kept of each image of a measured data set. */
  feature = (place: CheckpointPlace, image: string): Promise<number[]> =>
    this.inTurn(async () => {
      const model = await this.model(place)
      const { pooled } = await model.ask(pooledOf, { images: await this.load(image, model) })
      return [...unitRows({ values: pooled!.values as Float32Array, width: model.h.width })]
    })

  private async unrolling(asked: AskedUnrolling) {
    const key = JSON.stringify(asked)
    const known = this.unrollings.get(key)
    if (known) return known
    const { model, pixels, order } = await this.prepare(asked)
    const given = Math.min(asked.given, order.length)
    const onStep = (done: number) =>
      this.tell({ what: 'unroll', share: (done - given) / (order.length - given) })
    const found = { unrolling: await unroll(model, pixels, order, { ...asked, given, onStep }), h: model.h }
    remember(this.unrollings, key, found, 1)
    return found
  }

  /** The model with the weights of the checkpoint, the pixels of the image, and the order. */
  private async prepare({ place, image, order }: Asked) {
    const model = await this.model(place)
    const pixels = await this.load(image, model)
    const key = `${place.folder} ${place.step} ${image}`
    return { model, pixels, order: chosenOrder(model.h, order), key }
  }

  private async model(place: CheckpointPlace): Promise<CheckpointModel> {
    const { hyperparameters, statistics } = await readRun(place.folder)
    const key = JSON.stringify([hyperparameters, statistics])
    const wanted = `${place.folder} ${place.step}`
    const known = this.models.get(key)
    if (!known) {
      const model = await CheckpointModel.open(this.engine, place)
      await remember(this.models, key, { model, shown: wanted }, limits.models)?.model.dispose()
      return model
    }
    if (known.shown !== wanted) {
      known.shown = ''
      await known.model.show(place)
      known.shown = wanted
    }
    remember(this.models, key, known, limits.models)
    return known.model
  }

  private async load(file: string, { h, statistics }: CheckpointModel): Promise<Float32Array> {
    const key = JSON.stringify([file, h.imageSize, statistics])
    const pixels = this.images.get(key) ?? (await loadCentredImage(file, h.imageSize, statistics))
    remember(this.images, key, pixels, limits.images)
    return pixels
  }

  /** Writes a picture and returns its name; the oldest is removed. */
  private async keep(picture: Picture): Promise<string> {
    const nameOf = (n: number) => `${n}.png`
    const name = nameOf(this.pictures++)
    await writeFile(path.join(this.folder, name), await png(picture))
    await rm(path.join(this.folder, nameOf(this.pictures - limits.pictures)), { force: true })
    return name
  }
}

/** An attention with the distances of all its blocks. */
const measured = (found: Attention) => ({
  found,
  distances: Array.from({ length: found.layers }, (_, layer) => found.distance(layer)),
})

/** Puts a value at the end of a map; removes and returns the first one if there are more than `limit`. */
function remember<T>(map: Map<string, T>, key: string, value: T, limit: number): T | undefined {
  map.delete(key)
  map.set(key, value)
  if (map.size <= limit) return undefined
  const [oldest, gone] = map.entries().next().value!
  map.delete(oldest)
  return gone
}
