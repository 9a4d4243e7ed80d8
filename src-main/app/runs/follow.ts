import { text } from 'node:stream/consumers'
import type { Emit, Run } from '#shared/contract'
import { listCheckpoints, newestStep } from '#storage/run/checkpoint'
import { bytesOf } from '#storage/files'
import { openOwn } from '#storage/own-files'
import { tailMetrics } from '#storage/run/metrics'
import { runPaths } from '#storage/run/run-folder'
import { columnsOf } from '#storage/run/metric-columns'
import { isActive, type RunList } from './run-list'
import { StallWatch } from './stall'

/** How much of a run's files was told. */
interface Told {
  seams: number
  metricBytes: number
  logBytes: number
  checkpoint: number
}

/** Looks at the runs folder, whoever writes there, and tells what changes. */
export class Follower {
  /** The runs as the listeners know them. */
  private readonly known = new Map<string, Run>()
  private readonly told = new Map<string, Told>()
  private readonly stalls = new StallWatch()
  private timer: NodeJS.Timeout | null = null
  private polls = 0

  constructor(
    private readonly list: RunList,
    private readonly emit: Emit,
    private readonly onRemoved: (run: Run) => void,
    /** Called every few seconds. */
    private readonly onSlowTick: () => Promise<void>,
  ) {}

  start(): void {
    let busy = false
    const poll = () => {
      if (busy) return
      busy = true
      void this.poll()
        .catch((error) => console.error(error))
        .finally(() => (busy = false))
    }
    this.timer = setInterval(poll, 500)
    poll()
  }

  stop(): void {
    if (this.timer) clearInterval(this.timer)
  }

  /** Tells a run that somebody knows to have changed. */
  async changed(id: string): Promise<Run> {
    const run = await this.list.get(id)
    this.known.set(id, run)
    this.emit('runs.changed', run)
    return run
  }

  forget(run: Run): void {
    this.list.forget(run.id)
    this.known.delete(run.id)
    this.told.delete(run.id)
    this.stalls.forget(run.id)
    this.onRemoved(run)
    this.emit('runs.removed', { id: run.id })
  }

  /** Looks at new runs and at those being trained; every tenth time at all, which other programs may change. */
  private async poll(): Promise<void> {
    const everything = this.polls++ % 10 === 0
    if (this.polls === 1) {
      // What was there before is no news.
      for (const run of await this.list.all()) this.known.set(run.id, run)
    }
    this.stalls.tick(performance.now() / 1000)
    const ids = new Set(await this.list.ids())
    for (const run of this.known.values()) if (!ids.has(run.id)) this.forget(run)
    for (const id of ids) {
      const before = this.known.get(id)
      if (!before || isActive(before) || everything) await this.look(id, before)
    }
    if (everything) await this.onSlowTick()
  }

  private async look(id: string, before: Run | undefined): Promise<void> {
    const run = await this.list.get(id).catch(() => null)
    if (!run) return
    const stalled = isActive(run) ? this.stalls.see(run) : null
    if (stalled === null) this.list.stalled.delete(id)
    else this.list.stalled.set(id, stalled)
    if (run !== before) {
      this.known.set(id, run)
      if (JSON.stringify(before) !== JSON.stringify(run)) this.emit('runs.changed', run)
    }
    if (isActive(run) || (before && isActive(before))) await this.tell(id)
  }

  /** Tells what came to a run's metrics, log and checkpoints since the last time; nothing the first time. */
  async tell(id: string): Promise<void> {
    const run = await this.list.get(id).catch(() => null)
    if (!run) return // removed meanwhile
    const { folder, seams } = run
    const { metrics: metricsFile, log: logFile } = runPaths(folder)
    const checkpointNow = (await newestStep(folder)) ?? -1
    const last = this.told.get(id)
    if (!last) {
      const [metricBytes, logBytes] = await Promise.all([bytesOf(metricsFile), bytesOf(logFile)])
      this.told.set(id, { seams: seams.length, metricBytes, logBytes, checkpoint: checkpointNow })
      return
    }
    // A resume cuts the metrics: who hears of its seam reads them anew.
    const from = last.seams === seams.length ? last.metricBytes : await bytesOf(metricsFile)
    const { metrics, nextByte } = await tailMetrics(folder, from)
    const lines = await tailText(logFile, last.logBytes)
    this.told.set(id, {
      seams: seams.length,
      metricBytes: nextByte,
      logBytes: last.logBytes + Buffer.byteLength(lines),
      checkpoint: checkpointNow,
    })
    if (metrics.length) this.emit('runs.metrics', { id, metrics: columnsOf(metrics) })
    if (lines) this.emit('runs.log', { id, text: lines })
    if (checkpointNow > last.checkpoint)
      for (const checkpoint of (await listCheckpoints(folder)).filter(({ step }) => step > last.checkpoint))
        this.emit('runs.checkpoint', { id, checkpoint })
  }
}

/** The text of a file from a byte on. */
export async function tailText(file: string, fromByte: number): Promise<string> {
  if ((await bytesOf(file)) <= fromByte) return ''
  return text((await openOwn(file)).createReadStream({ start: fromByte, encoding: 'utf8' }))
}
