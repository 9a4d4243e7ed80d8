import type { Measured } from '#images/index/measured'
import type { Engine } from '#engine/engine'
import { createEngine } from '#engine/engines'
import { measure, type ToMeasure } from '#inference/features/measure'

/** Data sets that are measured by the engines of the runs, each at most once at a time. */
export class Measuring {
  private readonly engines = new Map<string, Promise<Engine>>()
  private readonly stops = new Map<string, AbortController>()

  constructor(
    private readonly cpu: Engine,
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

  /** The engine of that name, or the CPU where this machine has it no more. */
  private engine(id: string): Promise<Engine> {
    const known = this.engines.get(id) ?? createEngine(id, { threads: 0 }).catch(() => this.cpu)
    this.engines.set(id, known)
    return known
  }
}
