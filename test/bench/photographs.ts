import { mkdirSync } from 'node:fs'
import path from 'node:path'
import sharp from 'sharp'

/** Coloured noise with the spectrum of photographs, as JPEGs of 500 x 375. */
export async function makePhotographs(folder: string, count: number): Promise<string> {
  mkdirSync(path.join(folder, 'all'), { recursive: true })
  for (let i = 0; i < count; i++) {
    const octaves = [4, 16, 64, 250].map(async (side, k) => {
      const input = await sharp({
        create: {
          width: side,
          height: side,
          channels: 3,
          noise: { type: 'gaussian', mean: 128, sigma: 90 / 2 ** k },
        },
      } as never)
        .resize(500, 375, { fit: 'fill', kernel: 'cubic' })
        .png()
        .toBuffer()
      return { input, blend: 'soft-light' as const }
    })
    await sharp({ create: { width: 500, height: 375, channels: 3, background: '#808080' } })
      .composite(await Promise.all(octaves))
      .jpeg({ quality: 92 })
      .toFile(path.join(folder, 'all', `${i}.jpg`))
  }
  return folder
}
