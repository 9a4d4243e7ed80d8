import { describe, expect, it } from 'vitest'
import { createEngine } from '#engine/engines'
import { attend } from '#inference/pictures/attention'
import { CheckpointModel } from '#inference/checkpoint-model'
import { runFreely } from '#inference/pictures/free-running'
import { patchify, unpatchify } from '#inference/pictures/pictures'
import { projectUmap } from '#inference/features/projection'
import { reconstruct, reconstruction } from '#inference/pictures/reconstruct'
import { images, readReference } from '#jobs/prove/pretraining'
import { fromPreset, type Hyperparameters, patchCount } from '#shared/settings/hyperparameters'
import { attentionMask, placesOf } from '#shared/masks'
import { plainModel } from '#test/helpers/plain-model'
import { references } from '#test/helpers/reference-data'
import { initialWeights } from '#model/objectives/index'
import { withPlaces } from '#model/objectives/order'

const small = { imageSize: 16, patchSize: 4, width: 32, depth: 2, heads: 2, queryDepth: 2 }
const engine = () => createEngine('onnxruntime-cpu', { threads: 1 })
const order = Int32Array.of(9, 3, 12, 0, 7, 15, 1, 14, 6, 2, 11, 4, 13, 8, 5, 10)
const pixels = Float32Array.from(
  { length: 16 * 16 * 3 },
  (_, i) => Math.sin(i * 0.37) + 0.3 * Math.cos(i * 0.011),
)

/** A model of random weights, once as it is inspected and once plainly. */
async function twoModels(changes: Partial<Hyperparameters> = {}) {
  const h = fromPreset('nano', { ...small, ...changes })
  const weights = initialWeights(h, 5)
  return { model: CheckpointModel.of(await engine(), h, weights), plain: plainModel(h, weights, pixels), h }
}

const expectClose = (actual: ArrayLike<number>, expected: ArrayLike<number>, digits = 4) => {
  expect(actual.length).toBe(expected.length)
  const worst = Math.max(...Array.from(actual, (value, i) => Math.abs(value - expected[i]!)))
  expect(worst).toBeLessThan(10 ** -digits)
}

describe('attention', () => {
  it('at full visibility is that of the plain model, for every token, head and block', async () => {
    const { model, plain } = await twoModels()
    const found = await attend(model, pixels, order, 'full')
    const { attention } = plain.encoded()
    expect(found.layers).toBe(2)
    for (let layer = 0; layer < 2; layer++)
      for (let token = 0; token < 17; token++)
        found.of(layer, token).forEach((row, head) => expectClose(row, attention[layer]![head]![token]!))
  })

  it.each([
    ['two query blocks', {}],
    ['one query block', { queryDepth: 1 }],
    ['shared weights', { shareWeights: true }],
  ])('under the masks is that of the plain model, with %s', async (_name, changes) => {
    const { model, plain } = await twoModels(changes)
    const { attention } = plain.predicted(order)
    for (const stream of ['content', 'query'] as const) {
      const found = await attend(model, pixels, order, stream)
      expect(found.layers).toBe(attention[stream].length)
      for (let layer = 0; layer < found.layers; layer++)
        for (let token = stream === 'query' ? 1 : 0; token < 17; token++)
          found
            .of(layer, token)
            .forEach((row, head) => expectClose(row, attention[stream][layer]![head]![token]!))
    }
  })

  it('has the distance that its rows say, for every head and block', async () => {
    const { model } = await twoModels()
    const found = await attend(model, pixels, order, 'full')
    const place = (patch: number) => [Math.floor(patch / 4), patch % 4] as const
    for (let layer = 0; layer < 2; layer++)
      found.distance(layer).forEach((distance, head) => {
        const pairs = Array.from({ length: 16 * 16 }, (_, i) => {
          const [from, to] = [Math.floor(i / 16), i % 16]
          const [[y, x], [v, u]] = [place(from), place(to)]
          return { share: found.of(layer, 1 + from)[head]![1 + to]!, apart: Math.hypot(y - v, x - u) }
        })
        const weight = pairs.reduce((sum, { share }) => sum + share, 0)
        const mean = pairs.reduce((sum, { share, apart }) => sum + share * apart, 0) / weight
        expect(distance).toBeCloseTo(mean, 6)
        expect(distance).toBeGreaterThan(0)
      })
  })

  it.each([0, 3])('goes to nothing that the mask hides, with %i registers', async (registers) => {
    const { model } = await twoModels({ registers })
    for (const stream of ['content', 'query'] as const) {
      const mask = attentionMask(stream, placesOf(order))
      const found = await attend(model, pixels, order, stream)
      for (let token = 1; token < 17; token++)
        for (const row of found.of(1, token)) {
          const sum = row.reduce((a, b) => a + b)
          // The rest goes to the registers, which stand in no picture.
          if (registers) expect(sum).toBeLessThan(0.99)
          else expect(sum).toBeCloseTo(1, 5)
          row.forEach((value, i) => !mask[token]![i] && expect(value).toBe(0))
        }
    }
  })
})

describe('predictions', () => {
  it('are those of the plain model, and their loss is that of training', async () => {
    const { model, plain, h } = await twoModels({ normalizePixels: false, blurSize: 0 })
    const { prediction } = plain.predicted(order)
    const outputs = await model.ask(reconstruction, { images: pixels, order: withPlaces(order, 16) })
    expectClose(outputs['prediction']!.values, prediction.flat())
    const { patchLoss, loss, original } = await reconstruct(model, pixels, order)
    const target = (patch: number, k: number) => {
      const [row, column] = [Math.floor(k / 12), k % 12]
      return original[((Math.floor(patch / 4) * 4 + row) * 16 + (patch % 4) * 4) * 3 + column]!
    }
    const losses = prediction.map(
      (values, patch) => values.reduce((sum, v, k) => sum + (v - target(patch, k)) ** 2, 0) / values.length,
    )
    expectClose(patchLoss, losses)
    expect(loss).toBeCloseTo(losses.reduce((a, b) => a + b) / patchCount(h), 4)
  })
})

describe('free running', () => {
  it.each([[false], [true]])(
    'predicts each patch from the predictions before it (norm_pix %s)',
    async (normalizePixels) => {
      const { model } = await twoModels({ normalizePixels })
      const painted = await runFreely(model, pixels, order, 3)
      const inPatch = (patch: number, i: number) =>
        Math.floor(i / 3 / 16 / 4) * 4 + Math.floor((Math.floor(i / 3) % 16) / 4) === patch
      const patchOf = (image: Float32Array, patch: number) => image.filter((_, i) => inPatch(patch, i))
      for (const given of order.subarray(0, 3))
        expect(patchOf(painted, given)).toEqual(patchOf(pixels, given))
      // The first that is predicted sees true patches only: without norm_pix it is the teacher-forced one.
      if (!normalizePixels) {
        const { prediction } = await reconstruct(model, pixels, order)
        expectClose(patchOf(painted, order[3]!), patchOf(prediction, order[3]!))
        // The next sees the one before it as it was painted: predicted anew from the painted picture, it is the same.
        const again = await reconstruct(model, painted, order)
        for (const patch of order.subarray(3))
          expectClose(patchOf(painted, patch), patchOf(again.prediction, patch))
      }
      expect(painted.every(Number.isFinite)).toBe(true)
    },
  )

  it.each([
    ['two query blocks', {}],
    ['one query block', { queryDepth: 1 }],
    ['no query block', { queryDepth: 0 }],
    ['shared weights', { shareWeights: true }],
    ['registers', { registers: 3 }],
    ['registers and no query block', { registers: 1, queryDepth: 0 }],
    ['a linear head', { head: 'linear' as const }],
    ['a transformer as head', { head: 'transformer' as const }],
  ])('keeps keys and values, and predicts what the whole sequence gives, with %s', async (_name, changes) => {
    const { model, h } = await twoModels({ ...changes, normalizePixels: false })
    const painted = await runFreely(model, pixels, order, 3)
    // Patch after patch by whole forward passes over the picture so far.
    let expected: Float32Array = pixels.slice()
    for (const patch of order.subarray(3)) {
      const { prediction } = await model.ask(reconstruction, {
        images: expected,
        order: withPlaces(order, 16),
      })
      const patches = patchify(expected, h)
      patches.set(prediction!.values.subarray(patch * 48, (patch + 1) * 48), patch * 48)
      expected = unpatchify(patches, h)
    }
    expectClose(painted, expected)
    expect(Math.max(...painted.map((value, i) => Math.abs(value - pixels[i]!)))).toBeGreaterThan(0.1)
  })

  it('knows nothing of the patches that it is to predict', async () => {
    const { model } = await twoModels()
    const other = pixels.slice()
    other.forEach((value, i) => (other[i] = Math.floor(i / 3 / 16) >= 4 ? -value : value))
    const raster = Int32Array.from({ length: 16 }, (_, i) => i)
    expectClose(await runFreely(model, other, raster, 2), await runFreely(model, pixels, raster, 2), 6)
  })
})

describe('a map by UMAP', () => {
  /** Two groups, each row's neighbours in its own. */
  const count = 60
  const k = 5
  const neighbours = {
    k,
    indices: Int32Array.from({ length: count * k }, (_, i) => {
      const row = Math.floor(i / k)
      return row + (i % k) * 2 < count ? row + (i % k) * 2 : row - (i % k) * 2
    }),
    similarities: Float32Array.from({ length: count * k }, (_, i) => 1 - 0.05 * (i % k)),
  }

  it('puts groups apart, the same at every call', async () => {
    const plane = (await projectUmap(neighbours))!
    const mean = (group: number, values: number[]) =>
      values.filter((_, row) => row % 2 === group).reduce((a, b) => a + b) / (count / 2)
    const apart = Math.hypot(mean(0, plane.x) - mean(1, plane.x), mean(0, plane.y) - mean(1, plane.y))
    expect(apart).toBeGreaterThan(1)
    expect(await projectUmap(neighbours)).toEqual(plane)
  })

  it('is nothing where it is stopped before it began, and later what there is', async () => {
    const early = new AbortController()
    const never = projectUmap(neighbours, { signal: early.signal })
    early.abort()
    expect(await never).toBeNull()

    const late = new AbortController()
    const shares: number[] = []
    const onProgress = (share: number) => {
      shares.push(share)
      late.abort()
    }
    const plane = await projectUmap(neighbours, { onProgress, signal: late.signal })
    expect(plane!.x).toHaveLength(count)
    expect(shares.at(-1)).toBeLessThan(1)
  })
})

describe('the reference', () => {
  it.each(references)('%s has the same predictions, image by image, and the same masks', async (folder) => {
    const { h, weights, forward, ...rest } = readReference(folder)
    const reference = { h, weights, forward, ...rest }
    const model = CheckpointModel.of(await engine(), h, weights)
    const all = images(reference)
    const orders = Int32Array.from(forward['order']!.values, Number)
    const count = patchCount(h)
    const size = h.imageSize ** 2 * 3
    const expected = forward['pred']!.values
    const width = forward['pred']!.shape[2]!
    for (let b = 0; b < all.length / size; b++) {
      const order = orders.subarray(b * count, (b + 1) * count)
      const image = all.subarray(b * size, (b + 1) * size)
      const { prediction } = await model.ask(reconstruction, {
        images: image,
        order: withPlaces(order, count),
      })
      const start = (b * (count + 1) + 1) * width
      expectClose(prediction!.values, expected.subarray(start, start + count * width))
      for (const stream of ['content', 'query'] as const) {
        const visible = forward[`${stream}_visible`]!.values
        const mask = attentionMask(stream, placesOf(order)).flat().map(Number)
        expect([...visible.subarray(b * mask.length, (b + 1) * mask.length)].map(Number)).toEqual(mask)
      }
    }
  })
})
