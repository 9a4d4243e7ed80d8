import sharp from 'sharp'
import { number } from '#shared/format'
import type { Hyperparameters } from '#shared/settings/hyperparameters'
import { loadCentred } from '#images/crops'
import type { Manifest } from '#images/manifest'
import { fixedImages } from '#images/sample'
import type { Engine, Program, State } from '#engine/engine'
import { arranged, enlarged, errorLimit, gap, type Picture, png } from '#inference/pictures/pictures'
import { panelsOf, type Reconstruction, reconstructionsOf } from '#inference/pictures/reconstruct'
import { withBranches } from '#model/tensor/branches'
import type { PixelStatistics } from '#model/augment/crop'
import { imageInputs, reconstructStep } from '#model/objectives/pretrain'
import { writeFolderSafely } from '#storage/files'
import { type Images, imagesAtOnce, inputsOf, partOf, partsOf } from './gradients'
import { runPaths } from '#storage/run/run-folder'

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
    private readonly parts: Images<Float32Array>[],
    private readonly statistics: PixelStatistics,
  ) {}

  static async open(
    folder: string,
    h: Hyperparameters,
    dataset: { folder: string; images: Manifest; statistics: PixelStatistics },
    engine: Engine,
    state: State,
  ): Promise<Reconstructions> {
    const chosen = fixedImages(dataset.images)
    const { pixels } = await loadCentred({ ...dataset, images: chosen, decoders: 1 }, h.imageSize)
    // All at once, or one by one where training does not take so many either.
    const size = chosen.length <= imagesAtOnce(h, engine.device) ? chosen.length : 1
    const all = { images: pixels, indices: [...chosen.keys()], epoch: 0 }
    const parts = partsOf(chosen.length, size).map((from) => partOf(h, all, from, size))
    const step = withBranches(reconstructStep(h), engine.device.branches)
    const program = await engine.compile(step, state, imageInputs(h, size))
    return new Reconstructions(folder, h, program, parts, dataset.statistics)
  }

  async write(step: number): Promise<void> {
    const results: Reconstruction[] = []
    for (const part of this.parts) {
      const output = await this.program.run(inputsOf(this.h, part))
      results.push(...reconstructionsOf(this.h, part.images, output))
    }
    const rows = results.map((result) => {
      const { original, smoothed, prediction, error } = panelsOf(result, this.statistics)
      return arranged([original, smoothed, prediction, error].map((panel) => enlarged(panel, panelSide)))
    })
    const pictures = await Promise.all(rows.map(png))
    const loss = results.reduce((sum, result) => sum + result.loss, 0) / results.length
    const names = pictures.map((_, i) => `${String(i).padStart(2, '0')}.png`)
    await writeFolderSafely(
      runPaths(this.folder).reconstructions(step),
      {
        ...Object.fromEntries(names.map((name, i) => [name, pictures[i]!])),
        'sheet.png': await this.sheet(arranged(rows, 1), step, loss),
      },
      true,
    )
  }

  dispose = () => this.program.dispose()

  private sheet({ width, height, bytes }: Picture, step: number, loss: number): Promise<Buffer> {
    const header = 56
    const panel = (width - 3 * gap) / 4
    const titles = ['original', 'smoothed target', 'prediction', `error (black 0, white ${errorLimit})`].map(
      (title, i) => `<text x="${i * (panel + gap)}" y="46" font-size="12">${title}</text>`,
    )
    const note = this.h.normalizePixels ? 'Mean and deviation of each patch are the image’s own.' : ''
    const caption = `Step ${step}, loss ${number(loss)}. ${note}`
    const text = `<svg width="${width}" height="${header}" xmlns="http://www.w3.org/2000/svg" font-family="sans-serif" fill="#222"><text y="18" font-size="14">${caption}</text>${titles.join('')}</svg>`
    return sharp({ create: { width, height: header + height, channels: 3, background: 'white' } })
      .composite([
        { input: Buffer.from(text), left: 0, top: 0 },
        { input: Buffer.from(bytes.buffer), raw: { width, height, channels: 3 }, left: 0, top: header },
      ])
      .png()
      .toBuffer()
  }
}
