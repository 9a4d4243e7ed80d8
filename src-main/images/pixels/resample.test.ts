import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { scoringView } from '#model/augment/crop'
import { cropPixels } from './resample'

/** Numbers of Pillow, see test/python/resample_reference.py. */
const reference: {
  width: number
  height: number
  picture: string
  cases: { crop: [left: number, top: number, width: number, height: number, size: number]; pixels: string }[]
} = JSON.parse(readFileSync('test/python/resample-reference.json', 'utf8'))

const { width, height } = reference
const image = { bytes: Buffer.from(reference.picture, 'base64'), width, height }

describe.each(reference.cases)('the crop $crop', ({ crop: [left, top, ...rest], pixels }) => {
  const [cropWidth, cropHeight, size] = rest
  const crop = { left, top, width: cropWidth, height: cropHeight }
  const wanted = [...Buffer.from(pixels, 'base64')]

  it("has Pillow's bytes", () => {
    expect([...cropPixels(image, crop, { size })]).toEqual(wanted)
  })

  it('is mirrored', () => {
    const row = (y: number) =>
      Array.from({ length: size }, (_, x) => wanted.slice((y * size + x) * 3, (y * size + x) * 3 + 3))
    const mirrored = Array.from({ length: size }, (_, y) => row(y).reverse()).flat(2)
    expect([...cropPixels(image, crop, { size, flip: true })]).toEqual(mirrored)
  })
})

/** What torchvision's Resize and CenterCrop make of pictures, see test/python/transforms_reference.py. */
const { scored }: { scored: { image: [number, number]; size: number; sha256: string }[] } = JSON.parse(
  readFileSync('test/python/transforms-reference.json', 'utf8'),
)

it.each(scored)(
  'images that are scored have the bytes of torchvision with Pillow: $image at $size',
  (wanted) => {
    const [width, height] = wanted.image
    const bytes = new Uint8Array(width * height * 3)
    for (let y = 0, i = 0; y < height; y++)
      for (let x = 0; x < width; x++)
        for (let c = 0; c < 3; c++) bytes[i++] = (7 * x + 13 * y + 29 * c + ((x * y) % 251)) % 256
    const { size } = wanted
    const whole = { left: 0, top: 0, width, height }
    const made = cropPixels({ bytes, width, height }, whole, {
      size,
      scaled: scoringView(width, height, size),
    })
    expect(createHash('sha256').update(made).digest('hex')).toBe(wanted.sha256)
  },
)

it('takes images of any size, after one another', () => {
  const large = { bytes: new Uint8Array(4000 * 3000 * 3).fill(77), width: 4000, height: 3000 }
  const whole = { left: 0, top: 0, width: 4000, height: 3000 }
  expect(cropPixels(large, whole, { size: 3 })).toEqual(new Uint8Array(27).fill(77))
  const [{ crop, pixels }] = reference.cases as [(typeof reference.cases)[number]]
  const again = cropPixels(
    image,
    { left: crop[0], top: crop[1], width: crop[2], height: crop[3] },
    { size: crop[4] },
  )
  expect([...again]).toEqual([...Buffer.from(pixels, 'base64')])
})
