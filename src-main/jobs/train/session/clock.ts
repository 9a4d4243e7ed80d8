/** Seconds of training so far, without what it was paused for: saving, validation, looking at its health. */
export class Clock {
  private began: number
  private pausedAt: number | null = null

  /** `before`: seconds before this session. `now`: the time in milliseconds. */
  constructor(
    before: number,
    private readonly now = () => performance.now(),
  ) {
    this.began = now() - before * 1000
  }

  get seconds(): number {
    return ((this.pausedAt ?? this.now()) - this.began) / 1000
  }

  /** Stands still while `work` lasts. */
  async pause<T>(work: () => Promise<T>): Promise<T> {
    if (this.pausedAt !== null) return work()
    this.pausedAt = this.now()
    try {
      return await work()
    } finally {
      this.began += this.now() - this.pausedAt
      this.pausedAt = null
    }
  }
}

/** The share of steps that waits for images, the newest steps counting most. */
export class Waiting {
  private waited = 0
  private duration = 0

  add(waited: number, duration: number): void {
    this.waited = this.waited * 0.9 + waited
    this.duration = this.duration * 0.9 + duration
  }

  get share(): number {
    return this.waited / this.duration
  }
}
