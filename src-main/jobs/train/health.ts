import type { Hyperparameters } from '#shared/settings/hyperparameters'
import type { ImageList } from '#images/crops'
import type { Manifest } from '#images/manifest'
import { evenlySpread } from '#shared/spread'
import type { Engine, Program, State } from '#engine/engine'
import { joined, overImages } from '#inference/over-images'
import { featuresStep } from '#inference/features/features-step'
import { type FeatureRows, nearest, vote } from '#inference/features/knn'
import { spreadOf } from '#inference/features/spread'
import { withBranches } from '#model/tensor/branches'
import { imagesAtOnce } from './gradients'
import { appendHealth, cutHealth, type HealthLine } from '#storage/run/health-file'

/** Images that are looked at; every third is asked, the others are the bank that answers. */
export const healthImages = 768
/** Images at once, and no more than training takes. */
const atMost = 32
const neighbours = 20

/**
 * The health of what is learned, every `healthEvery` epochs: how the features of some of the images spread (mean of the
 * patch tokens of the last block, at full visibility), and where they have classes, how often the nearest neighbours
 * guess the class of an image.
 */
export class HealthChecks {
  private constructor(
    private readonly folder: string,
    private readonly h: Hyperparameters,
    private readonly list: ImageList,
    private readonly engine: Engine,
    private readonly program: Program | null,
    private readonly batch: number,
    private epochs: number,
  ) {}

  /** `at`: where training begins; what was measured after it is forgotten. */
  static async open(
    folder: string,
    h: Hyperparameters,
    dataset: Omit<ImageList, 'images'> & { images: Manifest },
    engine: Engine,
    state: State,
    at: { step: number; epoch: number },
  ): Promise<HealthChecks> {
    await cutHealth(folder, at.step)
    const batch = Math.min(atMost, imagesAtOnce(h, engine.device))
    const images = { shape: [batch, h.imageSize, h.imageSize, 3], dtype: 'float32' as const }
    const look = withBranches(featuresStep(h, ['pooled']), engine.device.branches)
    const program = h.healthEvery ? await engine.compile(look, state, { images }) : null
    const chosen = evenlySpread(dataset.images.indicesOf('train'), healthImages)
    const list = { ...dataset, images: chosen.map((index) => dataset.images.at(index)) }
    return new HealthChecks(folder, h, list, engine, program, batch, at.epoch)
  }

  /** Measures where an epoch that is to be measured has ended since the last call. */
  async after(step: number, epoch: number): Promise<void> {
    const periods = (epochs: number) => Math.floor(epochs / this.h.healthEvery)
    const due = this.program && periods(epoch) > periods(this.epochs)
    this.epochs = epoch
    if (!due) return
    const line = await this.measure(step, epoch)
    if (line) appendHealth(this.folder, line)
  }

  dispose = async () => this.program?.dispose()

  private async measure(step: number, epoch: number): Promise<HealthLine | null> {
    const { h, list, batch } = this
    const rows: Float32Array[] = []
    const classes: (string | null)[] = []
    const run = (images: Float32Array) => this.program!.run({ images })
    for await (const { places, rows: outputs } of overImages(list, { size: h.imageSize, batch }, run))
      places.forEach((place, i) => {
        rows.push(outputs['pooled']!.slice(i * h.width, (i + 1) * h.width))
        classes.push(list.images[place]!.class)
      })
    const asked = rows.map((_, i) => i % 3 === 2)
    const bank = { values: joined(rows.filter((_, i) => !asked[i])), width: h.width }
    if (bank.values.length < 2 * h.width) return null
    const queries = { values: joined(rows.filter((_, i) => asked[i])), width: h.width }
    const labels = classes.filter((_, i) => !asked[i])
    const truth = classes.filter((_, i) => asked[i])
    const knn = await this.guessed(bank, queries, labels, truth)
    return { step, epoch, ...spreadOf(bank), knn }
  }

  /** The share of images whose class their neighbours guess; null where there are no classes to guess. */
  private async guessed(
    bank: FeatureRows,
    queries: FeatureRows,
    labels: (string | null)[],
    truth: (string | null)[],
  ): Promise<number | null> {
    const names = [...new Set(labels)]
    if (names.length < 2 || truth.length === 0) return null
    const found = await nearest(this.engine, bank, queries, Math.min(neighbours, labels.length))
    const guesses = vote(
      found,
      labels.map((label) => names.indexOf(label)),
    )
    return truth.filter((label, i) => names[guesses[i]!] === label).length / truth.length
  }
}
