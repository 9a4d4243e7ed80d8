import { copyFileSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { crc32, deflateSync } from 'node:zlib'
import sharp from 'sharp'

/** Unreadable files as people have them: name -> the reason that is shown. */
export async function makeBadFiles(folder: string): Promise<Record<string, RegExp>> {
  mkdirSync(folder, { recursive: true })
  const file = (name: string) => path.join(folder, name)
  const noise = sharp({
    create: { width: 200, height: 150, channels: 3, noise: { type: 'gaussian', mean: 128, sigma: 40 } },
  } as never)
  const jpeg = await noise.clone().jpeg().toBuffer()
  const png = await noise.clone().png().toBuffer()
  writeFileSync(file('text.jpg'), 'not an image')
  writeFileSync(file('empty.png'), '')
  writeFileSync(file('header only.jpg'), jpeg.subarray(0, 20))
  writeFileSync(file('half.jpg'), jpeg.subarray(0, jpeg.length / 2))
  writeFileSync(file('half.png'), png.subarray(0, png.length / 2))
  writeFileSync(file('bomb.png'), hugePng(20_000))
  writeFileSync(file('picture.bmp'), bitmap())
  copyFileSync('test/fixtures/photo.heic', file('PHOTO.HEIC'))
  symlinkSync(file('nowhere'), file('dangling.jpg'))
  symlinkSync(folder, file('loop'))
  return {
    'text.jpg': /not an image/,
    'empty.png': /ends too early/,
    'header only.jpg': /damaged|not an image/,
    'half.jpg': /ends too early/,
    'half.png': /ends too early/,
    'bomb.png': /megapixels/,
    'picture.bmp': /in an unsupported format/,
    'PHOTO.HEIC': /HEIC/,
    'dangling.jpg': /gone/,
  }
}

/** A PNG of few bytes that says it has side x side pixels. */
function hugePng(side: number): Buffer {
  const header = Buffer.from([0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0])
  header.writeUInt32BE(side, 0)
  header.writeUInt32BE(side, 4)
  const chunk = (type: string, data: Buffer) => {
    const named = Buffer.concat([Buffer.from(type), data])
    const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)]
    length.writeUInt32BE(data.length)
    sum.writeUInt32BE(crc32(named))
    return Buffer.concat([length, named, sum])
  }
  const pixels = deflateSync(Buffer.alloc(side * (side / 8 + 1)))
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])
  return Buffer.concat([
    signature,
    chunk('IHDR', header),
    chunk('IDAT', pixels),
    chunk('IEND', Buffer.alloc(0)),
  ])
}

/** A whole Windows bitmap of one pixel. */
function bitmap(): Buffer {
  const bytes = Buffer.alloc(58)
  bytes.write('BM')
  bytes.writeUInt32LE(58, 2)
  bytes.writeUInt32LE(54, 10)
  bytes.writeUInt32LE(40, 14)
  bytes.writeInt32LE(1, 18)
  bytes.writeInt32LE(1, 22)
  bytes.writeUInt16LE(1, 26)
  bytes.writeUInt16LE(24, 28)
  return bytes
}

/** What a run's log says was left out. */
export const leftOut = (log: string): Record<string, string> =>
  Object.fromEntries(
    [...readFileSync(log, 'utf8').matchAll(/Left out (.+?): (.+)\./g)].map(([, name, reason]) => [
      name!,
      reason!,
    ]),
  )
