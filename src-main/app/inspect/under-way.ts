/** Work on something, of which each key has at most one under way. */
export class UnderWay<Result> {
  private readonly known = new Map<string, { share: number; stopped: boolean; end: Promise<Result> }>()

  /** Begins the work of a key, or answers with that which is under way; `ended` is called once it is not any more. */
  begin(key: string, work: () => Promise<Result>, ended: () => void): Promise<Result> {
    const known = this.known.get(key)
    if (known) return known.end
    const end = work().finally(() => {
      this.known.delete(key)
      ended()
    })
    this.known.set(key, { share: 0, stopped: false, end })
    return end
  }

  stop(key: string): void {
    const known = this.known.get(key)
    if (known) known.stopped = true
  }

  isStopped = (key: string): boolean => this.known.get(key)?.stopped ?? false

  /** How far the work of a key is, from 0 to 1; null where none is under way. */
  shareOf = (key: string): number | null => this.known.get(key)?.share ?? null

  /** Notes how far it is, and calls `tell` if it is under way still. */
  note(key: string, share: number, tell: () => void): void {
    const known = this.known.get(key)
    if (!known) return
    known.share = share
    tell()
  }
}
