import sharp, { type Sharp } from 'sharp'
import { describe, expect, it } from 'vitest'
import { decodeJpeg, jpegSize } from './jpeg'
import { inMemory } from './source'

/** Coloured noise, so that every step of the decoding shows. */
const noise = () =>
  sharp({
    create: { width: 83, height: 61, channels: 3, noise: { type: 'gaussian', mean: 128, sigma: 40 } },
  } as never).tint('orange')

async function decoded(picture: Sharp, change = (bytes: Buffer) => bytes) {
  const bytes = change(await picture.toBuffer())
  return { bytes, pixels: await decodeJpeg(bytes, { width: 83, height: 61 }) }
}

describe.each([
  ['baseline', () => noise().jpeg({ quality: 95 })],
  ['of low quality', () => noise().jpeg({ quality: 20 })],
  ['progressive', () => noise().jpeg({ progressive: true })],
  ['of full colour resolution', () => noise().jpeg({ chromaSubsampling: '4:4:4' })],
  ['grey', () => noise().greyscale().jpeg()],
  [
    'upright by EXIF',
    () =>
      noise()
        .withExif({ IFD0: { Orientation: '1' } })
        .jpeg(),
  ],
] as const)('a JPEG that is %s', (_, picture) => {
  it("has sharp's pixels, as near as the fast cosine transform comes", async () => {
    const { bytes, pixels } = await decoded(picture())
    const wanted = await sharp(bytes).toColourspace('srgb').raw().toBuffer()
    expect(pixels).toMatchObject({ width: 83, height: 61 })
    const distances = wanted.map((value, i) => Math.abs(value - pixels!.bytes[i]!))
    expect(Math.max(...distances)).toBeLessThanOrEqual(20)
    expect(distances.reduce((a, b) => a + b) / distances.length).toBeLessThan(2)
  })
})

it.each([
  ['has four colours', () => noise().toColourspace('cmyk').jpeg()],
  ['is turned by EXIF', () => noise().withMetadata({ orientation: 6 }).jpeg()],
  ['has a profile', () => noise().withIccProfile('p3').jpeg()],
  ['is no JPEG', () => noise().png()],
] as const)('what %s is left to sharp', async (_, picture) => {
  expect((await decoded(picture())).pixels).toBeNull()
})

const sizeOf = (bytes: Buffer) => jpegSize(inMemory(bytes), bytes)

it('the size of a plain JPEG stands in its header', async () => {
  const size = { width: 83, height: 61 }
  expect(await sizeOf(await noise().jpeg().toBuffer())).toEqual(size)
  expect(await sizeOf(await noise().greyscale().jpeg({ progressive: true }).toBuffer())).toEqual(size)
  expect(await sizeOf(await noise().withIccProfile('p3').jpeg().toBuffer())).toEqual(size)
})

it.each([
  ['of four colours', () => noise().toColourspace('cmyk').jpeg().toBuffer()],
  ['turned by EXIF', () => noise().withMetadata({ orientation: 6 }).jpeg().toBuffer()],
  [
    'that ends before its pixels',
    async () => {
      const whole = await noise().jpeg().toBuffer()
      return whole.subarray(0, whole.indexOf(Buffer.of(0xff, 0xda)))
    },
  ],
  [
    'with bytes between its segments',
    async () => {
      const whole = await noise().jpeg().toBuffer()
      const scan = whole.indexOf(Buffer.of(0xff, 0xda))
      return Buffer.concat([whole.subarray(0, scan), Buffer.alloc(3), whole.subarray(scan)])
    },
  ],
])('the size of a JPEG %s is left to libvips', async (_, jpeg) => {
  expect(await sizeOf(await jpeg())).toBeNull()
})

it('a damaged file is left to sharp, which tells why, and the next one is decoded', async () => {
  const half = await decoded(noise().jpeg(), (bytes) => bytes.subarray(0, bytes.length / 2))
  expect(half.pixels).toBeNull()
  expect((await decoded(noise().jpeg())).pixels).not.toBeNull()
})

it('a progressive JPEG of so many scans that it would take minutes is refused', async () => {
  const whole = await noise().jpeg({ progressive: true }).toBuffer()
  const frame = whole.indexOf(Buffer.of(0xff, 0xc2))
  const side = 14_000
  whole.writeUInt16BE(side, frame + 5)
  whole.writeUInt16BE(side, frame + 7)
  const scans = (count: number) => Buffer.concat([whole, ...Array(count).fill(Buffer.of(0xff, 0xda, 0, 0))])
  await expect(decodeJpeg(scans(20_000), { width: side, height: side })).rejects.toThrow('longer than')
  await expect(jpegSize(inMemory(scans(60)), scans(60))).rejects.toThrow('longer than')
  await jpegSize(inMemory(scans(20)), scans(20))
})
