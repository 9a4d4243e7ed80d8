import { copyFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import sharp from 'sharp'

/** Writes resources/icon.svg as each system wants it, into a folder: icon.svg (Linux), icon.ico (Windows), icon.icns (macOS). */
export async function writeIcons(folder) {
  const source = 'resources/icon.svg'
  const png = (size) => sharp(source, { density: 300 }).resize(size).png().toBuffer()
  copyFileSync(source, path.join(folder, 'icon.svg'))
  const small = [16, 32, 48, 64, 128, 256]
  writeFileSync(path.join(folder, 'icon.ico'), ico(small, await Promise.all(small.map(png))))
  // Types of icns that hold a PNG, by their side in pixels.
  const types = { ic11: 32, ic12: 64, ic07: 128, ic08: 256, ic09: 512, ic10: 1024 }
  const images = await Promise.all(Object.values(types).map(png))
  writeFileSync(path.join(folder, 'icon.icns'), icns(Object.keys(types), images))
}

/** ICONDIR, an ICONDIRENTRY of 16 bytes for each image, then the PNG files. A side of 256 is written as 0. */
function ico(sizes, images) {
  const head = Buffer.alloc(6 + 16 * sizes.length)
  head.writeUInt16LE(1, 2)
  head.writeUInt16LE(sizes.length, 4)
  let offset = head.length
  sizes.forEach((size, i) => {
    const entry = 6 + 16 * i
    head.writeUInt8(size % 256, entry)
    head.writeUInt8(size % 256, entry + 1)
    head.writeUInt16LE(1, entry + 4)
    head.writeUInt16LE(32, entry + 6)
    head.writeUInt32LE(images[i].length, entry + 8)
    head.writeUInt32LE(offset, entry + 12)
    offset += images[i].length
  })
  return Buffer.concat([head, ...images])
}

/** "icns" and the whole length, then for each image its type, its length with this head, and the PNG file. */
function icns(types, images) {
  const parts = types.map((type, i) => Buffer.concat([chunkHead(type, images[i].length), images[i]]))
  const body = Buffer.concat(parts)
  return Buffer.concat([chunkHead('icns', body.length), body])
}

function chunkHead(type, length) {
  const head = Buffer.alloc(8)
  head.write(type, 'latin1')
  head.writeUInt32BE(length + 8, 4)
  return head
}
