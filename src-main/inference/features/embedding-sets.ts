import type { EmbeddingFormat, EmbeddingMap, EventPayload, Feature, FoundImage } from '#shared/contract'
import { AppError } from '#shared/errors'
import type { Engine } from '#engine/engine'
import { embeddingFiles } from '#formats/embeddings'
import { type ImageFile, Manifest } from '#images/manifest'
import { bytesOf, writeFolderSafely } from '#storage/files'
import { evenlySpread } from '#shared/spread'
import { CheckpointModel, type CheckpointPlace } from '#inference/checkpoint-model'
import { EmbeddedImages } from './embedded-images'
import { embed } from './embeddings'
import { patchCount } from '#shared/settings/hyperparameters'

/** Images of a folder to embed with a checkpoint; evenly chosen ones if there are more than `limit`. */
export interface ImageSet {
  place: CheckpointPlace
  folder: string
  /** The file that lists them (images/manifest.ts). */
  manifest: string
  limit: number
}

type ChosenImages = Pick<ImageSet, 'place' | 'folder'> & { images: ImageFile[] }

/** Sets of embeddings that are kept. */
const limit = 2
/** Bytes of patch tokens that are held at once. */
const patchTokenLimit = 1.5e9

/** The images that were embedded, by the keys that the app gave them. */
export class EmbeddingSets {
  private readonly sets = new Map<string, { set: ChosenImages; embedded: EmbeddedImages }>()
  private stopping = new AbortController()

  constructor(
    private readonly engine: Engine,
    private readonly tell: (progress: EventPayload<'inspect.progress'>) => void,
  ) {}

  /** Embeds images under a key, or answers at once where that was done. */
  embed = async (key: string, { place, folder, manifest, limit }: ImageSet) => {
    const begin = performance.now()
    const known = this.sets.get(key)
    const set = known?.set ?? { place, folder, images: await imagesOf(manifest, limit) }
    const embedded = known?.embedded ?? new EmbeddedImages(this.engine, set.images, await this.run(set))
    if (!this.stopping.signal.aborted) this.keep(key, set, embedded)
    const images = embedded.rows.length
    return { images, unreadable: set.images.length - images, seconds: (performance.now() - begin) / 1000 }
  }

  /** Stops embedding or mapping. */
  stop = () => this.stopping.abort()

  map = (key: string, feature: Feature, method: 'pca' | 'umap'): Promise<EmbeddingMap | null> => {
    this.stopping = new AbortController()
    return this.get(key).embedded.map(feature, method, {
      onProgress: (share) => this.tell({ what: 'map', share }),
      signal: this.stopping.signal,
    })
  }

  neighbours = async (key: string, feature: Feature, path: string, count: number): Promise<FoundImage[]> =>
    this.get(key).embedded.neighbours(feature, path, count)

  extremes = async (key: string, by: 'hard' | 'easy' | 'odd', feature: Feature, count: number) =>
    this.get(key).embedded.extremes(by, feature, count)

  agreement = async (key: string, feature: Feature) => this.get(key).embedded.agreement(feature)

  /** Writes a new folder and answers its size in bytes. Patch tokens are not kept in memory: the images are embedded again for them. */
  export = async (key: string, format: EmbeddingFormat, patchTokens: boolean, folder: string) => {
    const { set, embedded } = this.get(key)
    const { classToken, pooled, loss, width } = embedded.embeddings
    const features = {
      class_token: classToken,
      mean: pooled,
      ...(patchTokens ? { patch_tokens: (await this.run(set, true)).patchTokens! } : {}),
    }
    const files = embeddingFiles({ images: embedded.rows, loss, width, features }, format)
    await writeFolderSafely(folder, files)
    return bytesOf(folder)
  }

  private async run(set: ChosenImages, patchTokens = false) {
    const { signal } = (this.stopping = new AbortController())
    const model = await CheckpointModel.open(this.engine, set.place)
    try {
      if (patchTokens && set.images.length * patchCount(model.h) * model.h.width * 4 > patchTokenLimit)
        throw new AppError(
          'out-of-memory',
          `The patch tokens of ${set.images.length} images take more than ${patchTokenLimit / 1e9} GB.`,
          'Choose fewer images.',
        )
      return await embed(model, set.folder, set.images, {
        patchTokens,
        onProgress: (done) => this.tell({ what: 'embed', share: done / set.images.length }),
        stopped: () => signal.aborted,
      })
    } finally {
      await model.dispose()
    }
  }

  private keep(key: string, set: ChosenImages, embedded: EmbeddedImages): void {
    this.sets.delete(key)
    this.sets.set(key, { set, embedded })
    if (this.sets.size > limit) this.sets.delete(this.sets.keys().next().value!)
  }

  private get(key: string) {
    const found = this.sets.get(key)
    if (!found)
      throw new AppError('too-few-images', 'These images are not embedded yet.', 'Embed them first.')
    return found
  }
}

async function imagesOf(manifest: string, limit: number): Promise<ImageFile[]> {
  const images = await Manifest.read(manifest)
  const all = Uint32Array.from({ length: images.length }, (_, i) => i)
  return evenlySpread(all, limit).map((index) => images.at(index))
}
