import { mkdir } from 'node:fs/promises'
import sharp from 'sharp'
import type { Hyperparameters } from '../../src-shared/hyperparameters'
import { loadCentred } from '../data/batches'
import { Decoders } from '../data/decoders'
import type { ImageFile, Manifest } from '../data/manifest'
import type { Engine, Program, State } from '../engine/engine'
import type { PixelStatistics } from '../saim/augmentation'
import { orders } from '../saim/order'
import { imageInputs, reconstructStep } from '../saim/pretrain'
import { writeFolderSafely } from './files'
import { runPaths } from './run-folder'

const count = 8
const gap = 4
/** Panels are enlarged by whole factors to at least this side, in pixels. */
const panelSide = 160

/**
 * Writes reconstructions/<step>/: a PNG row for each of a few fixed images (original, smoothed target, prediction,
 * error) and sheet.png with all rows and titles. Under norm_pix the model predicts only the pattern inside a patch;
 * the patch's own mean and deviation give it back its colours, and the sheet says so.
 */
export class Reconstructions {
  private constructor(
    private readonly folder: string,
    private readonly h: Hyperparameters,
    private readonly program: Program,
    private readonly images: Float32Array,
    private readonly order: Int32Array,
    private readonly statistics: PixelStatistics,
  ) {}

  static async open(
    folder: string,
    h: Hyperparameters,
    dataset: { folder: string; images: Manifest; statistics: PixelStatistics },
    engine: Engine,
    state: State,
  ): Promise<Reconstructions> {
    const chosen = evenlySpread(dataset.images, count)
    const threads = new Decoders(1, dataset.statistics)
    const { images } = await loadCentred(threads, dataset.folder, chosen, h.imageSize)
    await threads.close()
    const order = orders(h, h.seed, 0, [...chosen.keys()])
    const program = await engine.compile(reconstructStep(h), state, imageInputs(h, chosen.length))
    return new Reconstructions(folder, h, program, images, order, dataset.statistics)
  }

  async write(step: number): Promise<void> {
    const output = await this.program.run({ images: this.images, order: this.order })
    const values = (name: string) => output[name]!.values as Float32Array
    const size = this.h.imageSize
    const length = size * size * 3
    const rows = Array.from({ length: this.images.length / length }, (_, i) => {
      const smoothed = values('smoothed').subarray(i * length, (i + 1) * length)
      const predicted = this.unpatchify(
        i,
        values('prediction'),
        values('patchMean'),
        values('patchDeviation'),
      )
      const original = this.images.subarray(i * length, (i + 1) * length)
      const panels = [original, smoothed, predicted].map((pixels) => toBytes(pixels, this.statistics))
      return panels.concat(errorMap(smoothed, predicted, this.statistics))
    })
    const pictures = await Promise.all(rows.map((panels) => rowPicture(panels, size)))
    const names = pictures.map((_, i) => `${String(i).padStart(2, '0')}.png`)
    const sheet = await this.sheet(pictures, step, values('loss')[0]!)
    await mkdir(runPaths(this.folder).reconstructionsRoot, { recursive: true })
    await writeFolderSafely(runPaths(this.folder).reconstructions(step), {
      ...Object.fromEntries(names.map((name, i) => [name, pictures[i]!])),
      'sheet.png': sheet,
    })
  }

  dispose = () => this.program.dispose()

  /** Patches of image i, given back their mean and deviation, as pixels [S, S, 3]. */
  private unpatchify(i: number, patches: Float32Array, mean: Float32Array, deviation: Float32Array) {
    const { imageSize, patchSize } = this.h
    const grid = imageSize / patchSize
    const pixels = new Float32Array(imageSize * imageSize * 3)
    const perPatch = patchSize * patchSize * 3
    for (let patch = 0; patch < grid * grid; patch++) {
      const n = i * grid * grid + patch
      const [top, left] = [Math.floor(patch / grid) * patchSize, (patch % grid) * patchSize]
      for (let k = 0; k < perPatch; k++) {
        const [row, rest] = [Math.floor(k / (patchSize * 3)), k % (patchSize * 3)]
        pixels[((top + row) * imageSize + left) * 3 + rest] =
          patches[n * perPatch + k]! * deviation[n]! + mean[n]!
      }
    }
    return pixels
  }

  private async sheet(rows: Buffer[], step: number, loss: number): Promise<Buffer> {
    const { width = 0, height = 0 } = await sharp(rows[0]).metadata()
    const header = 56
    const panel = (width - 3 * gap) / 4
    const titles = ['original', 'smoothed target', 'prediction', 'error (black 0, white 0.5)'].map(
      (title, i) => `<text x="${i * (panel + gap)}" y="46" font-size="12">${title}</text>`,
    )
    const note = this.h.normalizePixels ? 'Mean and deviation of each patch are the image’s own.' : ''
    const caption = `Step ${step}, loss ${loss.toFixed(4)}. ${note}`
    const text = `<svg width="${width}" height="${header}" xmlns="http://www.w3.org/2000/svg" font-family="sans-serif" fill="#222"><text y="18" font-size="14">${caption}</text>${titles.join('')}</svg>`
    return sharp({
      create: { width, height: header + rows.length * (height + gap), channels: 3, background: 'white' },
    })
      .composite([
        { input: Buffer.from(text), left: 0, top: 0 },
        ...rows.map((input, i) => ({ input, left: 0, top: header + i * (height + gap) })),
      ])
      .png()
      .toBuffer()
  }
}

/** `n` of the images that are trained on, from the first to the last, evenly. */
function evenlySpread(images: Manifest, n: number): ImageFile[] {
  const indices = images.indicesOf('train')
  const length = Math.min(n, indices.length)
  const step = (indices.length - 1) / Math.max(1, length - 1)
  return Array.from({ length }, (_, i) => images.at(indices[Math.round(i * step)]!))
}

/** Normalised pixels -> bytes of sRGB. */
const toBytes = (pixels: Float32Array, { mean, deviation }: PixelStatistics): Uint8Array =>
  Uint8ClampedArray.from(pixels, (value, i) => 255 * (value * deviation[i % 3]! + mean[i % 3]!)) as never

/** Mean absolute difference of the channels in 0..0.5 as heat: black, red, yellow, white. */
function errorMap(
  expected: Float32Array,
  predicted: Float32Array,
  { deviation }: PixelStatistics,
): Uint8Array {
  const heat = new Uint8ClampedArray(expected.length)
  for (let i = 0; i < expected.length; i += 3) {
    let sum = 0
    for (let c = 0; c < 3; c++) sum += Math.abs(expected[i + c]! - predicted[i + c]!) * deviation[c]!
    const level = (sum / 3 / 0.5) * 3
    for (let c = 0; c < 3; c++) heat[i + c] = 255 * (level - c)
  }
  return heat as never
}

/** Panels side by side, enlarged without smoothing so that a person sees the pixels. */
async function rowPicture(panels: Uint8Array[], size: number): Promise<Buffer> {
  const side = size * Math.max(1, Math.ceil(panelSide / size))
  const inputs = await Promise.all(
    panels.map((panel) =>
      sharp(panel, { raw: { width: size, height: size, channels: 3 } })
        .resize(side, side, { kernel: 'nearest' })
        .png()
        .toBuffer(),
    ),
  )
  const width = panels.length * side + (panels.length - 1) * gap
  return sharp({ create: { width, height: side, channels: 3, background: 'white' } })
    .composite(inputs.map((input, i) => ({ input, left: i * (side + gap), top: 0 })))
    .png()
    .toBuffer()
}
