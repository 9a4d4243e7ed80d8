/** Ends long work by its key, between two batches. */
export class Stops {
  private readonly stops = new Map<string, AbortController>()

  /** Does work that may be stopped under a key. */
  async during<T>(key: string, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const stop = new AbortController()
    this.stops.set(key, stop)
    try {
      return await work(stop.signal)
    } finally {
      this.stops.delete(key)
    }
  }

  stop = (key: string): void => this.stops.get(key)?.abort()
}
