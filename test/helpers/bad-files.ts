import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { crc32, deflateSync } from 'node:zlib'
import sharp from 'sharp'

/** Unreadable files as people have them: name -> the reason that is shown. Pipes and devices are passed over. */
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
  writeFileSync(file('picture.jp2'), Buffer.from('0000000c6a5020200d0a870a', 'hex'))
  writeFileSync(file('drawing.png'), '<svg xmlns="http://www.w3.org/2000/svg"/>')
  execFileSync('mkfifo', [file('pipe.jpg')])
  symlinkSync('/dev/zero', file('endless.jpg'))
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
    'picture.jp2': /JPEG 2000/,
    'drawing.png': /SVG/,
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

/** What a run's log says was left out. */
export const leftOut = (log: string): Record<string, string> =>
  Object.fromEntries(
    [...readFileSync(log, 'utf8').matchAll(/Left out (.+?): (.+)\./g)].map(([, name, reason]) => [
      name!,
      reason!,
    ]),
  )
