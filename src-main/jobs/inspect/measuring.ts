import type { Measured } from '#images/index/measured'
import type { Engine } from '#engine/engine'
import { measure, type ToMeasure } from '#inference/features/measure'

/** Data sets that are measured by the engines of the runs, each at most once at a time. */
export class Measuring {
  private readonly stops = new Map<string, AbortController>()

  constructor(
    private readonly engine: (id: string) => Promise<Engine>,
    private readonly tell: (key: string, found: Measured[], share: number) => void,
  ) {}

  /** Measures images under a key. Null if it was stopped. */
  measure = async (key: string, { engine, ...asked }: ToMeasure & { engine: string }) => {
    const begin = performance.now()
    const stop = new AbortController()
    this.stops.set(key, stop)
    try {
      const images = await measure(await this.engine(engine), asked, {
        onBatch: (found, share) => this.tell(key, found, share),
        signal: stop.signal,
      })
      return images === null ? null : { images, seconds: (performance.now() - begin) / 1000 }
    } finally {
      this.stops.delete(key)
    }
  }

  /** Ends the measuring of a key between two batches. */
  stop = (key: string) => this.stops.get(key)?.abort()
}
