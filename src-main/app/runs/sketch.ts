import type { Sketch } from '#shared/contract'
import { bytesOf } from '#storage/files'
import { newestReconstruction } from '#storage/run/checkpoint'
import { lossIn, tailLines } from '#storage/run/metrics'
import { runPaths } from '#storage/run/run-folder'

/** Points of a trend: one for three pixels of a row. */
const points = 24

/** Sketches of runs, each made anew where its metrics changed. */
export class Sketches {
  private readonly known = new Map<string, { bytes: number; trend: number[] }>()

  async of(id: string, folder: string): Promise<Sketch> {
    const bytes = await bytesOf(runPaths(folder).metrics)
    const before = this.known.get(folder)
    const trend = before?.bytes === bytes ? before.trend : trendOf((await tailLines(folder, 0)).lines)
    this.known.set(folder, { bytes, trend })
    return { id, trend, picture: await newestReconstruction(folder) }
  }

  forget = (folder: string) => void this.known.delete(folder)
}

/** The losses of lines of metrics.jsonl as the means of at most 24 stretches, without those that are no numbers. */
export function trendOf(lines: string[]): number[] {
  const losses = lines.map(lossIn).filter(Number.isFinite)
  const length = Math.min(points, losses.length)
  return Array.from({ length }, (_, i) => {
    const [from, to] = [i, i + 1].map((n) => Math.floor((n * losses.length) / length)) as [number, number]
    return losses.slice(from, to).reduce((sum, loss) => sum + loss, 0) / (to - from)
  })
}
