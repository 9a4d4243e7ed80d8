import type { EmbeddingMap, Feature, FoundImage } from '#shared/contract'
import { AppError } from '#shared/errors'
import type { ImageFile } from '#images/manifest'
import type { Engine } from '#engine/engine'
import type { Embeddings } from './embeddings'
import { type FeatureRows, nearest, type Neighbours, unitRows } from './knn'
import { projectPca, projectUmap } from './projection'

/** Neighbours considered for maps and outliers; an image is its own first neighbour. */
const neighbourhood = 15

/** Embeddings with their images: maps, neighbours and outliers. */
export class EmbeddedImages {
  private readonly known = new Map<Feature, Promise<Neighbours>>()

  /** The image of each row. */
  readonly rows: ImageFile[]

  constructor(
    private readonly engine: Engine,
    images: ImageFile[],
    readonly embeddings: Embeddings,
  ) {
    this.rows = embeddings.indices.map((i) => images[i]!)
    if (this.rows.length < 2)
      throw new AppError('too-few-images', 'Fewer than two images can be read.', 'Choose other images.')
  }

  /** Null if it was stopped before there was anything to show. */
  async map(
    feature: Feature,
    method: 'pca' | 'umap',
    options: { onProgress?(share: number): void; signal?: AbortSignal },
  ): Promise<EmbeddingMap | null> {
    const plane =
      method === 'pca'
        ? projectPca(this.features(feature))
        : await projectUmap(await this.neighbourhoods(feature), options)
    if (!plane) return null
    return {
      paths: this.rows.map(({ path }) => path),
      ...plane,
      groupings: [
        this.grouped('class', (image) => image.class ?? ''),
        this.grouped('split', (image) => image.split),
      ],
      loss: [...this.embeddings.loss],
    }
  }

  /** The images nearest to one, nearest first. */
  neighbours(feature: Feature, path: string, count: number): FoundImage[] {
    const { width } = this.embeddings
    const unit = unitRows(this.features(feature))
    const start = this.rows.findIndex((row) => row.path === path) * width
    const similarity = (row: number) => {
      let sum = 0
      for (let i = 0; i < width; i++) sum += unit[start + i]! * unit[row * width + i]!
      return sum
    }
    return this.ranked(similarity)
      .filter((found) => found.path !== path)
      .slice(0, count)
  }

  async extremes(by: 'hard' | 'easy' | 'odd', feature: Feature, count: number): Promise<FoundImage[]> {
    const { loss } = this.embeddings
    if (by === 'hard') return this.ranked((row) => loss[row]!).slice(0, count)
    if (by === 'easy') return this.ranked((row) => loss[row]!, -1).slice(0, count)
    const { k, similarities } = await this.neighbourhoods(feature)
    const distance = (row: number) => {
      const others = similarities.subarray(row * k + 1, (row + 1) * k)
      return 1 - others.reduce((sum, s) => sum + s, 0) / others.length
    }
    return this.ranked(distance).slice(0, count)
  }

  /** Of each class the share of its images' nearest neighbours that are of it too. */
  async agreement(feature: Feature): Promise<{ class: string; images: number; share: number }[]> {
    const { k, indices } = await this.neighbourhoods(feature)
    const found = new Map<string, { images: number; same: number }>()
    this.rows.forEach(({ class: name }, row) => {
      if (name === null) return
      const count = found.get(name) ?? { images: 0, same: 0 }
      found.set(name, count)
      count.images++
      for (const other of indices.subarray(row * k + 1, (row + 1) * k))
        if (this.rows[other]!.class === name) count.same++
    })
    return [...found]
      .map(([name, { images, same }]) => ({ class: name, images, share: same / (images * (k - 1) || 1) }))
      .sort((a, b) => (a.class < b.class ? -1 : 1))
  }

  private features = (feature: Feature): FeatureRows => ({
    values: this.embeddings[feature],
    width: this.embeddings.width,
  })

  private neighbourhoods(feature: Feature): Promise<Neighbours> {
    let found = this.known.get(feature)
    if (!found) {
      const features = this.features(feature)
      const k = Math.min(neighbourhood, this.embeddings.indices.length - 1)
      found = nearest(this.engine, features, features, k)
      this.known.set(feature, found)
    }
    return found
  }

  /** All images by a value of their row, the largest first, or the smallest. */
  private ranked(value: (row: number) => number, sign = 1): FoundImage[] {
    return this.rows
      .map(({ path }, row) => ({ path, value: value(row) }))
      .sort((a, b) => sign * (b.value - a.value))
  }

  private grouped(name: string, of: (image: ImageFile) => string) {
    const names = this.rows.map(of)
    const values = [...new Set(names)].sort()
    const place = new Map(values.map((value, i) => [value, i]))
    return { name, values, of: names.map((value) => place.get(value)!) }
  }
}
