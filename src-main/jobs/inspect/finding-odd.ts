import { open } from 'node:fs/promises'
import type { Engine } from '#engine/engine'
import { type OddLine, patchesAsText } from '#images/index/odd'
import { Manifest } from '#images/manifest'
import { CheckpointModel, type CheckpointPlace } from '#inference/checkpoint-model'
import { memoryBank, oddness } from '#inference/odd/patch-core'
import { Stops } from './stops'

/** Images of a data set that are compared with ordinary ones, listed in manifests, and the file that gets what was found. */
export interface AskedOdd {
  place: CheckpointPlace
  engine: string
  folder: string
  ordinary: string
  all: string
  found: string
}

/** Patches that stand for all ordinary ones. */
const bankSize = 1000

/** Data sets whose odd images are found by the engines of the runs, each at most once at a time. */
export class FindingOdd {
  private readonly stops = new Stops()

  constructor(
    private readonly engine: (id: string) => Promise<Engine>,
    private readonly tell: (key: string, share: number) => void,
  ) {}

  /** Writes an `OddLine` for each image that can be read. False if it was stopped. */
  find = (key: string, asked: AskedOdd): Promise<boolean> =>
    this.stops.during(key, (signal) => this.compare(key, asked, () => signal.aborted))

  stop = this.stops.stop

  private async compare(key: string, asked: AskedOdd, stopped: () => boolean): Promise<boolean> {
    const engine = await this.engine(asked.engine)
    const model = await CheckpointModel.open(engine, asked.place)
    const file = await open(asked.found, 'w')
    try {
      const { folder } = asked
      const [ordinary, images] = await Promise.all([asked.ordinary, asked.all].map(imagesOf))
      const bank = await memoryBank(model, { folder, images: ordinary! }, bankSize, stopped)
      const compared = new Set(ordinary!.map(({ path }) => path))
      for await (const { found, done } of oddness(
        engine,
        model,
        bank,
        { folder, images: images! },
        stopped,
      )) {
        const lines = found.map(({ place, score, patches }): OddLine => {
          const { path } = images![place]!
          return { path, score, ordinary: compared.has(path), patches: patchesAsText(patches) }
        })
        await file.write(lines.map((line) => `${JSON.stringify(line)}\n`).join(''))
        this.tell(key, done / images!.length)
      }
      return !stopped()
    } catch (error) {
      if (stopped()) return false // as it has too few ordinary images then
      throw error
    } finally {
      await file.close()
      await model.dispose()
    }
  }
}

async function imagesOf(file: string) {
  const manifest = await Manifest.read(file)
  return Array.from({ length: manifest.length }, (_, i) => manifest.at(i))
}
