import type { Measured } from '#images/index/measured'
import type { Engine } from '#engine/engine'
import { measure, type ToMeasure } from '#inference/features/measure'
import { Stops } from './stops'

/** Data sets that are measured by the engines of the runs, each at most once at a time. */
export class Measuring {
  private readonly stops = new Stops()

  constructor(
    private readonly engine: (id: string) => Promise<Engine>,
    private readonly tell: (key: string, found: Measured[], share: number) => void,
  ) {}

  /** Measures images under a key. Null if it was stopped. */
  measure = async (key: string, { engine, ...asked }: ToMeasure & { engine: string }) => {
    const begin = performance.now()
    return this.stops.during(key, async (signal) => {
      const onBatch = (found: Measured[], share: number) => this.tell(key, found, share)
      const images = await measure(await this.engine(engine), asked, { onBatch, signal })
      return images === null ? null : { images, seconds: (performance.now() - begin) / 1000 }
    })
  }

  stop = this.stops.stop
}
