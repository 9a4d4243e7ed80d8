import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { encode } from 'fast-png'
import sharp from 'sharp'
import { afterAll, expect, it } from 'vitest'
import { asTwoClasses, expectMasks, readMasks } from './segmentation-masks'

const home = mkdtempSync(path.join(tmpdir(), 'saim-masks-'))
const folder = path.join(home, 'images')
for (const name of ['images', 'masks']) mkdirSync(path.join(home, name))
afterAll(() => rmSync(home, { recursive: true }))

/** An image of 6 × 4 pixels, and its mask of the given sides, where only the first `bytes` were written. */
function image(name: string, [width, height] = [6, 4], bytes?: number) {
  const data = Uint8Array.from({ length: width! * height! }, (_, i) => (i % 2 ? 255 : 0))
  const png = encode({ width: width!, height: height!, data, channels: 1 })
  writeFileSync(path.join(home, 'masks', `${name}.png`), png.subarray(0, bytes))
  return { path: `${name}.jpg`, bytes: 1, width: 6, height: 4, class: null, split: 'train' as const }
}

it('leaves out masks that are cut or of another size, names them, and keeps the others', async () => {
  const images = [
    image('a'),
    image('cut', [6, 4], 50),
    image('b'),
    image('turned', [4, 6]),
    image('small', [3, 2]),
  ]
  const told: string[] = []
  const kept = await readMasks(folder, images, 4, (text) => told.push(text))
  expect(kept.images.map((one) => one.path)).toEqual(['a.jpg', 'b.jpg'])
  expect(kept.masks.map((mask) => mask.length)).toEqual([16, 16])
  const of = (name: string) => told.find((text) => text.includes(path.join('masks', `${name}.png`)))
  expect(of('cut')).toMatch(/^Left out: The mask .* cannot be read: damaged: it ends too early\.$/)
  expect(of('turned')).toMatch(/is 4 × 6, its image 6 × 4 as its EXIF orientation turns it/)
  expect(of('small')).toMatch(/is 3 × 2, its image 6 × 4\.$/)
  expect(told).toHaveLength(3)
})

it('says that masks of images which EXIF turns by 180 degrees may not be turned alike', async () => {
  const one = image('upside down')
  await sharp({ create: { width: 6, height: 4, channels: 3, background: 'red' } })
    .withMetadata({ orientation: 3 })
    .jpeg()
    .toFile(path.join(folder, one.path))
  const told: string[] = []
  const kept = await readMasks(folder, [image('a'), one], 4, (text) => told.push(text))
  expect(kept.images).toHaveLength(2)
  expect(told).toEqual([expect.stringMatching(/^EXIF turns 1 image by 180 degrees .* turned alike\.$/)])
})

it('names a few of many, and says where too few are left', async () => {
  const told: string[] = []
  const images = Array.from({ length: 13 }, (_, i) => image(`bad ${i}`, [1, 1]))
  const none = await readMasks(folder, images, 4, (text) => told.push(text))
  expect(told).toHaveLength(11)
  expect(told.at(-1)).toBe('Left out: 3 more masks.')
  const some = await readMasks(folder, [image('a')], 4, () => undefined)
  expect(() => expectMasks(folder, none, some)).toThrow('Only 1 mask in')
  expect(() => expectMasks(folder, some, some)).not.toThrow()
})

it('takes 0 and 255 for two classes where there is nothing else', () => {
  const binary = [Uint8Array.of(0, 255), Uint8Array.of(0, 0)]
  expect(asTwoClasses(binary)).toBe(true)
  expect(binary).toEqual([Uint8Array.of(0, 1), Uint8Array.of(0, 0)])
  const voc = [Uint8Array.of(0, 255), Uint8Array.of(0, 1)]
  expect(asTwoClasses(voc)).toBe(false)
  expect(voc).toEqual([Uint8Array.of(0, 255), Uint8Array.of(0, 1)])
  for (const one of [0, 255]) expect(asTwoClasses([Uint8Array.of(one)])).toBe(false)
})
