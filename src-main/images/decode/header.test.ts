import sharp from 'sharp'
import { expect, it } from 'vitest'
import { metadataOf } from './header'
import { refusals } from './refusals'

/** An animation of one pixel and so many frames. */
function animation(frames: number): Buffer {
  const header = Buffer.from('GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff', 'latin1')
  const frame = Buffer.from(',\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0', 'latin1')
  return Buffer.concat([header, ...Array.from({ length: frames }, () => frame), Buffer.from(';')])
}

it('an image whose header takes too long is refused, and those behind it are read', async () => {
  const long = animation(300_000)
  const png = await sharp({ create: { width: 5, height: 4, channels: 3, background: 'red' } })
    .png()
    .toBuffer()
  const read = await Promise.allSettled([
    ...Array.from({ length: 4 }, () => metadataOf(long, 5)),
    ...Array.from({ length: 8 }, () => metadataOf(png, 1000)),
  ])
  expect(read.slice(0, 4)).toMatchObject(
    Array.from({ length: 4 }, () => ({ reason: { message: refusals.headerTooSlow } })),
  )
  expect(read.slice(4)).toMatchObject(
    Array.from({ length: 8 }, () => ({ value: { width: 5, height: 4, format: 'png' } })),
  )
})

it('an animation that is read in time has the size of a frame', async () => {
  expect(await metadataOf(animation(1000))).toMatchObject({ width: 1, height: 1, pages: 1000 })
})
