import { readFileSync } from 'node:fs'
import path from 'node:path'
import { inflateSync } from 'node:zlib'
import sharp from 'sharp'
import { afterAll, expect, it } from 'vitest'
import { decodeImage, thumbnail } from '#images/decode/decode'
import { explain } from '#images/decode/explain'
import { readHeader } from '#images/decode/header'
import { fingerprint } from '#images/index/fingerprint'
import { scan } from '#test/helpers/data'
import { temporaryFolder } from '#test/helpers/runs'

/** Pixels against Pillow: every kind of image that test/python/pixel_fixtures.py makes. */
const folder = path.resolve('test/fixtures/pixels')
const known: Record<string, { width: number; pixels: string } | { refused: string }> = JSON.parse(
  readFileSync(path.join(folder, 'pillow.json'), 'utf8'),
)
const accepted = Object.entries(known).flatMap(([name, it]) => ('pixels' in it ? [{ name, ...it }] : []))
const refused = Object.entries(known).flatMap(([name, it]) => ('refused' in it ? [{ name, ...it }] : []))
const { files, unreadable } = await scan(folder)

/** How far a channel may be from Pillow's: what decoders and rounding may differ by, see the tests of each. */
const tolerances: [string, RegExp, { largest: number; mean: number }][] = [
  ['CMYK, by a profile that Pillow does without', /^cmyk/, { largest: 105, mean: 32 }],
  ['JPEG, by a faster cosine transform', /\.(jpg|mpo)$|^jpeg-named/, { largest: 20, mean: 2.5 }],
  ['AVIF', /avif$/, { largest: 4, mean: 1 }],
  ['JPEG in TIFF', /^jpeg.tif/, { largest: 6, mean: 1.5 }],
  ['16 bits with a profile', /^(rgb|alpha)-16-profile/, { largest: 2, mean: 1 }],
  ['PNG, TIFF, WebP, GIF, BMP, PPM and PGM', /./, { largest: 1, mean: 1 }],
]
const groupOf = (name: string) => tolerances.find(([, pattern]) => pattern.test(name))!
const largest: Record<string, string> = {}
afterAll(() => console.log('Largest difference from Pillow, of 255:', largest))

function difference(ours: Uint8Array, theirs: Uint8Array) {
  expect(ours).toHaveLength(theirs.length)
  const all = theirs.map((value, i) => Math.abs(value - ours[i]!))
  return { largest: Math.max(...all), mean: all.reduce((sum, value) => sum + value, 0) / all.length }
}

const meanColour = (pixels: Uint8Array) =>
  [0, 1, 2].map((c) => pixels.filter((_, i) => i % 3 === c).reduce((a, b) => a + b, 0) / (pixels.length / 3))

function expectColour(ours: number[], theirs: number[], within: number): void {
  ours.forEach((value, c) => expect(Math.abs(value - theirs[c]!)).toBeLessThanOrEqual(within))
}

it.each(accepted)(
  '$name is what Pillow sees, as large, reduced, as thumbnail and as fingerprint',
  async (image) => {
    const { name, width } = image
    const file = path.join(folder, name)
    const wanted = inflateSync(Buffer.from(image.pixels, 'base64'))
    const height = wanted.length / 3 / width
    expect(files.find(({ path: found }) => found === name)).toMatchObject({ width, height })
    const [group, , tolerance] = groupOf(name)
    const { bytes } = await decodeImage(file, { width, height })
    const found = difference(bytes, wanted)
    if (found.largest >= Number(largest[group]?.split(' ')[0] ?? 0))
      largest[group] = `${found.largest} (${name})`
    expect(found.largest).toBeLessThanOrEqual(tolerance.largest)
    expect(found.mean).toBeLessThanOrEqual(tolerance.mean)

    const within = tolerance.mean + 3
    const colour = meanColour(wanted)
    const half = await decodeImage(file, { width, height, reduction: 2 })
    expect([half.width, half.height]).toEqual([Math.ceil(width / 2), Math.ceil(height / 2)])
    expectColour(meanColour(half.bytes), colour, within)
    const small = sharp(await thumbnail(file, 192)).raw()
    const { data, info } = await small.toBuffer({ resolveWithObject: true })
    expect(info).toMatchObject({ width, height, channels: 3 })
    expect(difference(data, wanted).mean).toBeLessThan(tolerance.mean + 7)
    const { perceptual } = await fingerprint(file)
    expectColour([...Buffer.from(perceptual, 'hex').subarray(16)], colour, within)
  },
)

it.each(refused)('$name is refused: $refused', async ({ name, refused: words }) => {
  const file = path.join(folder, name)
  const told = unreadable.find(({ path: found }) => found === name)?.reason
  const reason = await readHeader(file)
    .then((header) => decodeImage(file, header))
    .then(
      () => 'decoded',
      (error: unknown) => explain(error, file),
    )
  expect(reason).toContain(words)
  // Only damage shows first when pixels are decoded: what is passed over by its name is in no list.
  if (!/damaged|ends too early/.test(words) && !name.endsWith('.ico')) expect(told).toBe(reason)
})

it('colours of a wide gamut come out as those of sRGB, in 8 and in 16 bits', async () => {
  const red = sharp({ create: { width: 8, height: 8, channels: 3, background: { r: 230, g: 20, b: 20 } } })
  const inP3 = { eight: red.clone(), sixteen: red.clone().toColourspace('rgb16') }
  for (const [name, picture] of Object.entries(inP3)) {
    const file = path.join(temporaryFolder(), `${name}.png`)
    await picture.withIccProfile('p3').png().toFile(file)
    const { bytes } = await decodeImage(file, { width: 8, height: 8 })
    expectColour([...bytes.subarray(0, 3)], [230, 20, 20], 3)
  }
})

it('an image that was replaced by one of another size is left out, not squashed', async () => {
  const file = path.join(temporaryFolder(), 'replaced.png')
  await sharp(path.join(folder, 'rgb.png')).resize(60, 60).toFile(file)
  for (const reduction of [1, 2, 4])
    await expect(decodeImage(file, { width: 120, height: 80, reduction })).rejects.toThrow('it changed')
})
