import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { encode } from 'fast-png'
import sharp from 'sharp'
import { afterAll } from 'vitest'

/** A folder that is gone after the tests of a file. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'saim-test-'))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** Runs the built command line; answers its output and exit code. */
export function saim(parameters: string[], home: string): Promise<{ code: number; output: string }> {
  return new Promise((resolve) => {
    const options = { env: { ...process.env, SAIM_HOME: home }, maxBuffer: 1e8 }
    execFile('node', ['out/main/cli.js', ...parameters], options, (error, stdout, stderr) =>
      resolve({ code: error ? Number(error.code ?? 1) : 0, output: stdout + stderr }),
    )
  })
}

/** The flags of a model that trains in seconds. */
export const smallModel = {
  'image-size': 16,
  'patch-size': 4,
  width: 32,
  depth: 2,
  heads: 2,
  'query-depth': 2,
  'batch-size': 8,
  epochs: 2,
  'warmup-epochs': 1,
  'checkpoint-every': 1,
}

export const flags = (settings: Record<string, number | string>) =>
  Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)])

/** Photograph-like JPEG files: smooth noise in colour, in two class folders. */
export async function makeImages(
  folder: string,
  count: number,
  { width = 60, height = 40 } = {},
): Promise<void> {
  for (let i = 0; i < count; i++) {
    const file = path.join(folder, i % 2 ? 'odd' : 'even', `image ${String(i).padStart(3, '0')}.jpg`)
    mkdirSync(path.dirname(file), { recursive: true })
    const pixels = Buffer.from(Array.from({ length: 6 * 4 * 3 }, (_, k) => (k * 37 * (i + 1) + i * 91) % 256))
    await sharp(pixels, { raw: { width: 6, height: 4, channels: 3 } })
      .resize(width, height, { kernel: 'cubic' })
      .jpeg()
      .toFile(file)
  }
}

/**
 * Images of 30 × 24 pixels, red above blue with the border at another height in each, and their masks in the folder `masks`
 * beside: sky and sea, the last five columns not labelled.
 */
export async function makeScenes(folder: string, count: number): Promise<void> {
  const masks = path.join(path.dirname(folder), 'masks')
  mkdirSync(folder, { recursive: true })
  mkdirSync(masks)
  writeFileSync(path.join(masks, 'classes.txt'), 'sky\nsea\n')
  const [width, height] = [30, 24]
  for (let i = 0; i < count; i++) {
    const below = (k: number) => Math.floor(k / width) >= 6 + ((i * 7) % 12)
    const pixels = Array.from({ length: width * height }, (_, k) =>
      (below(k) ? [30, 40, 200] : [220, 60, 30]).map((colour) => colour + ((k * 37 * (i + 1)) % 30)),
    )
    const name = `scene ${String(i).padStart(2, '0')}`
    await sharp(Buffer.from(pixels.flat()), { raw: { width, height, channels: 3 } })
      .jpeg({ quality: 95 })
      .toFile(path.join(folder, `${name}.jpg`))
    const data = Uint8Array.from(pixels, (_, k) => (k % width >= 25 ? 255 : below(k) ? 1 : 0))
    writeFileSync(path.join(masks, `${name}.png`), encode({ width, height, data, channels: 1 }))
  }
}
