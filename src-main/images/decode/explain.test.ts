import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import { endsTooEarly, explain } from './explain'
import { refusals, UnreadableImage } from './refusals'

const isCut = (bytes: Buffer) => endsTooEarly(bytes, bytes, bytes.length)

const noise = () =>
  sharp({
    create: { width: 80, height: 60, channels: 3, noise: { type: 'gaussian', mean: 128, sigma: 40 } },
  } as never)

describe.each(['jpeg', 'png', 'gif', 'webp'] as const)('a %s', (format) => {
  it('is known to end too early wherever it is cut', async () => {
    const whole = await noise().toFormat(format).toBuffer()
    expect(isCut(whole)).toBe(false)
    for (const part of [0, 0.3, 0.5, 0.9, 1])
      expect(isCut(whole.subarray(0, Math.floor(part * (whole.length - 1)))), `${part}`).toBe(true)
  })
})

it('a JPEG with a whole preview in front of half a picture ends too early', async () => {
  const whole = await noise().jpeg().toBuffer()
  const preview = await noise().resize(8).jpeg().toBuffer()
  const segment = Buffer.from([0xff, 0xe1, (preview.length + 2) >> 8, (preview.length + 2) & 255])
  const both = Buffer.concat([whole.subarray(0, 2), segment, preview, whole.subarray(2)])
  expect(isCut(both)).toBe(false)
  expect(isCut(both.subarray(0, both.length / 2))).toBe(true)
})

it('of a whole file libvips tells what is wrong, where its words are not lost', async () => {
  expect(await explain(new Error('Unknown error'), 'package.json')).toBe('damaged')
  expect(await explain(new Error('bad table\nmore'), 'package.json')).toBe('damaged: bad table')
  expect(await explain(new Error('Unknown error'), 'nowhere.jpg')).toBe('the file is gone')
})

it('of an image that we refuse ourselves the reason is told, whatever the file holds', async () => {
  expect(await explain(new UnreadableImage(refusals.changed), 'package.json')).toBe(
    'it changed since the scan',
  )
  expect(await explain(new UnreadableImage(refusals.tooLarge), 'nowhere.jpg')).toBe(
    'larger than 200 megapixels',
  )
})

it('what the system refuses is told in its words', async () => {
  const refused = (code: string) => explain(Object.assign(new Error(code), { code }), 'package.json')
  expect(await refused('ENOENT')).toBe('the file is gone')
  expect(await refused('EACCES')).toBe('no permission')
  expect(await refused('EIO')).toMatch(/disk/)
})

it('words of libvips about something missing do not mean that the file is gone', async () => {
  const text = 'VipsJpeg: Premature end of JPEG file: missing EOI'
  expect(await explain(new Error(text), 'package.json')).toBe('damaged: it ends too early')
  expect(await explain(new Error('heif: Corrupt frame'), 'package.json')).toBe('damaged: heif: Corrupt frame')
})
