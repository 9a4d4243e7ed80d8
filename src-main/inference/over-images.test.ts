import { beforeEach, describe, expect, it, vi } from 'vitest'
import type { ImageList } from '#images/crops'
import type { DecodeTask } from '#images/decode/task'
import { overImages } from './over-images'

/** Decoders of these tests: the file `<n>` is an image of n everywhere, `bad` cannot be read. */
const threads = vi.hoisted(() => ({ open: 0, opened: 0, decoded: [] as string[] }))
vi.mock('#images/decode/decoders', () => ({
  Decoders: class {
    constructor() {
      threads.open++
      threads.opened++
    }
    decode({ file, batch, offset, size }: DecodeTask): Promise<string | null> {
      const name = file.split('/').at(-1)!
      threads.decoded.push(name)
      if (name === 'bad') return Promise.resolve('damaged')
      new Uint8Array(batch).fill(Number(name), offset, offset + size ** 2 * 3)
      return Promise.resolve(null)
    }
    normalise = (bytes: SharedArrayBuffer) => Float32Array.from(new Uint8Array(bytes))
    close(): Promise<void> {
      threads.open--
      return Promise.resolve()
    }
  },
}))

const size = 2
const batch = 3

const listOf = (...names: string[]): ImageList => ({
  folder: 'images',
  images: names.map((path) => ({
    path,
    bytes: 1,
    width: 2,
    height: 2,
    class: null,
    split: 'train' as const,
  })),
  statistics: { mean: [0, 0, 0], deviation: [1, 1, 1] },
  decoders: 1,
})

/** Answers the first value of each image, beside twice that. */
const run = (pixels: Float32Array) => {
  const firsts = Array.from({ length: batch }, (_, b) => pixels[b * size ** 2 * 3]!)
  const values = Float32Array.from(firsts.flatMap((v) => [v, 2 * v]))
  return Promise.resolve({ pair: { shape: [batch, 2], values } })
}

async function all(list: ImageList, ask = run, stopped?: () => boolean) {
  const found = []
  for await (const one of overImages(list, { size, batch, stopped }, ask)) found.push(one)
  return found
}

describe('The loop over images', () => {
  beforeEach(() => Object.assign(threads, { open: 0, opened: 0, decoded: [] }))

  it('gives the rows of all images in their order, without what fills up the last batch', async () => {
    const asked: { pixels: number[]; places: number[] }[] = []
    const found = await all(listOf('1', '2', '3', '4', '5'), (pixels, ...[places]: number[][]) => {
      asked.push({ pixels: [...pixels].filter((_, i) => i % (size ** 2 * 3) === 0), places: places! })
      return run(pixels)
    })
    expect(asked).toEqual([
      { pixels: [1, 2, 3], places: [0, 1, 2] },
      { pixels: [4, 5, 4], places: [3, 4, 3] },
    ])
    expect(found.map(({ places }) => places)).toEqual([
      [0, 1, 2],
      [3, 4],
    ])
    expect(found.flatMap(({ rows }) => [...rows['pair']!])).toEqual([1, 2, 2, 4, 3, 6, 4, 8, 5, 10])
    expect(found.map(({ done }) => done)).toEqual([3, 5])
    expect(threads).toMatchObject({ open: 0, opened: 1 })
  })

  it('leaves out images that cannot be read, and says which', async () => {
    const found = await all(listOf('1', 'bad', '3', 'bad'))
    expect(found).toMatchObject([
      { places: [0, 2], unreadable: [{ path: 'bad', reason: 'damaged' }], done: 3 },
      { places: [], unreadable: [{ path: 'bad', reason: 'damaged' }], done: 4 },
    ])
    expect([...found[0]!.rows['pair']!]).toEqual([1, 2, 3, 6])
    expect([...found[1]!.rows['pair']!]).toEqual([])
  })

  it('crops an image by its place in the list', async () => {
    const places: number[] = []
    const cropOf = (_: unknown, i: number) => {
      places.push(i)
      return { crop: { left: 0, top: 0, width: 2, height: 2 }, flip: false }
    }
    for await (const { done } of overImages(listOf('1', '2', '3', '4'), { size, batch, cropOf }, run))
      expect(places).toHaveLength(Math.min(done + batch, 4))
    expect(places).toEqual([0, 1, 2, 3])
  })

  it('opens nothing where there are no images', async () => {
    expect(await all(listOf())).toEqual([])
    expect(threads.opened).toBe(0)
  })

  it('decodes the next batch while one is worked on, and no more', async () => {
    for await (const { done } of overImages(
      listOf('1', '2', '3', '4', '5', '6', '7'),
      { size, batch },
      run,
    )) {
      expect(threads.decoded).toHaveLength(Math.min(done + batch, 7))
    }
  })

  it('ends the threads where it is stopped, left, or the program fails', async () => {
    const list = listOf('1', '2', '3', '4')
    let batches = 0
    expect(await all(list, run, () => batches++ > 0)).toHaveLength(1)
    expect(threads.open).toBe(0)
    const loop = overImages(list, { size, batch }, run)
    await loop.next()
    await loop.return(undefined)
    expect(threads.open).toBe(0)
    await expect(all(list, () => Promise.reject(new Error('out of memory')))).rejects.toThrow('out of memory')
    expect(threads).toMatchObject({ open: 0, opened: 3 })
  })
})
