import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import type { Emit, Queue as QueueState, Run } from '#shared/contract'
import { AppError, toErrorData } from '#shared/errors'
import { dataFolder } from '#platform/paths'
import { aside, pause } from '#platform/background'
import type { Fork } from '#platform/processes'
import { isHere, killOwner, Lock, lockOwner } from '#storage/lock'
import type { StopMessage } from '#jobs/train/messages'
import { recordIfAny, writeRecord } from '#storage/record'
import { runPaths, updateRun } from '#storage/run/run-folder'
import type { Training } from '#jobs/train/supervise'
import type { Engines } from '#app/engines'
import type { Settings } from '#app/settings'
import { beginTraining } from './begin'
import { endRun } from './end'
import type { Follower } from './follow'
import { isActive, type RunList } from './run-list'

interface QueueOptions {
  fork: Fork
  emit: Emit
  engines: Engines
  list: RunList
  follower: Follower
  settings: Settings
  /** A run that this application trains came to its end. */
  onEnd?: (run: Run) => void
}

/**
 * Trains one run after the other. That a run waits stands in its run.json; queue.json keeps the order and whether the
 * queue is held, so that both survive the application. Several applications may share a queue.
 */
export class Queue {
  private readonly file = path.join(dataFolder(), 'queue.json')
  private trained: { id: string; training: Training; ended: Promise<void> } | null = null
  /** One change after the other, so that two clicks do not start two runs. */
  private last: Promise<unknown> = Promise.resolve()
  private closing = false
  private told = ''

  constructor(private readonly options: QueueOptions) {}

  /** The run that this application trains now. */
  current = async (): Promise<Run | null> => (this.trained ? this.options.list.get(this.trained.id) : null)

  /** The runs that wait, next first: in the order that was chosen, those it does not name behind it, oldest first. */
  async state(): Promise<QueueState> {
    const { order, held } = await this.read()
    const place = ({ id }: Run) => (order.includes(id) ? order.indexOf(id) : Infinity)
    const waiting = (await this.options.list.all())
      .filter(({ status }) => status === 'queued')
      .sort((a, b) => place(a) - place(b) || (a.createdAt < b.createdAt ? -1 : 1))
    return { ids: waiting.map(({ id }) => id), held }
  }

  /** Puts a run at the end of the queue; where nothing is in its way it starts, and that is awaited. */
  async add(id: string): Promise<Run> {
    await this.change(async (queue) => {
      await updateRun(await this.options.list.folderOf(id), { status: 'queued', error: null })
      return { ...queue, ids: [...queue.ids, id] }
    })
    await this.advance()
    return this.options.follower.changed(id)
  }

  move = (id: string, place: number): Promise<QueueState> =>
    this.change(async (queue) => {
      if (!queue.ids.includes(id)) return queue
      const others = queue.ids.filter((other) => other !== id)
      return { ...queue, ids: [...others.slice(0, place), id, ...others.slice(place)] }
    })

  async hold(held: boolean): Promise<QueueState> {
    await this.change(async (queue) => ({ ...queue, held }))
    await this.advance()
    return this.state()
  }

  /** Ends the training of a run, or its waiting. The queue is held after a pause, since the memory shall be free. */
  async end(run: Run, as: StopMessage['as']): Promise<void> {
    if (run.status === 'queued') {
      await endRun(run, as)
      await this.options.follower.changed(run.id)
      await this.tell()
      return
    }
    if (as === 'paused' && (await this.state()).ids.length) await this.hold(true)
    if (this.trained?.id === run.id) {
      this.trained.training.stop(as)
      await this.trained.ended
    } else {
      await endRun(run, as)
      await this.options.follower.changed(run.id)
    }
  }

  /** Ends the process of a run that does not answer. */
  async kill(run: Run): Promise<void> {
    const owner = await lockOwner(runPaths(run.folder).lock)
    if (this.trained?.id === run.id) {
      this.trained.training.kill()
      await this.trained.ended
    } else if (owner && isHere(owner)) await killOwner(owner, run.id)
    else if (owner) throw elsewhere(owner.host)
  }

  /** Starts the next run where none is being trained on this machine. */
  advance = (): Promise<void> =>
    this.inTurn(async () => {
      await this.tell()
      if (this.trained || this.closing) return
      const { ids, held } = await this.state()
      if (held || !ids[0] || (await this.isBusy())) return
      await this.alone(() => this.train(ids[0]!))
      await this.tell()
    })

  /** Pauses what is being trained and waits until it is saved. Where others wait behind it, it goes on first. */
  async close(): Promise<void> {
    this.closing = true
    await this.last
    if (!this.trained) return
    const { id, training, ended } = this.trained
    training.stop('paused')
    await ended
    const [run, queue] = [await this.options.list.get(id), await this.state()]
    if (run.status !== 'paused' || !queue.ids.length || queue.held) return
    await this.change(async () => {
      await updateRun(run.folder, { status: 'queued' })
      return { ...queue, ids: [id, ...queue.ids] }
    })
  }

  private async train(id: string): Promise<void> {
    const { list, follower, fork, engines } = this.options
    const folder = await list.folderOf(id)
    await follower.tell(id)
    const begun = await beginTraining(folder, { fork, engines }).catch(async (error: unknown) => {
      await updateRun(folder, { status: 'failed', error: toErrorData(error) })
      await follower.changed(id)
      return null
    })
    if (!begun) return
    const { training } = begun
    const ended = training.ended.then(() => this.ended(id))
    this.trained = { id, training, ended }
    await follower.changed(id)
    // Other applications see the run by its lock.
    const taken = async () => {
      while (this.trained?.id === id && !(await lockOwner(runPaths(folder).lock))) await pause(50)
    }
    await Promise.race([taken(), ended])
  }

  private async ended(id: string): Promise<void> {
    this.trained = null
    const { follower, onEnd } = this.options
    await follower.tell(id).catch(() => undefined)
    const run = await follower.changed(id).catch(() => null) // its folder may be gone
    if (run) onEnd?.(run)
    const { startNext } = await this.options.settings.get()
    if (!startNext && (await this.state()).ids.length)
      await this.change(async (queue) => ({ ...queue, held: true }))
    if (!this.closing) aside(this.advance())
  }

  private async isBusy(): Promise<boolean> {
    for (const run of (await this.options.list.all()).filter(isActive)) {
      const owner = await lockOwner(runPaths(run.folder).lock)
      if (!owner || isHere(owner)) return true
    }
    return false
  }

  /** Does it where no other application starts a run at this moment; else another time. */
  private async alone(work: () => Promise<void>): Promise<void> {
    await mkdir(dataFolder(), { recursive: true })
    const lock = await Lock.acquire(path.join(dataFolder(), 'queue.lock')).catch(() => null)
    if (!lock) return
    try {
      await work()
    } finally {
      await lock.release()
    }
  }

  private change(make: (before: QueueState) => Promise<QueueState>): Promise<QueueState> {
    return this.inTurn(async () => {
      const { ids, held } = await make(await this.state())
      await mkdir(dataFolder(), { recursive: true })
      await writeRecord(this.file, { order: ids, held })
      return this.tell()
    })
  }

  /** Tells the queue where it is another than before. */
  private async tell(): Promise<QueueState> {
    const state = await this.state()
    if (JSON.stringify(state) !== this.told) this.options.emit('runs.queue', state)
    this.told = JSON.stringify(state)
    return state
  }

  private inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.last.then(work)
    this.last = done.catch(() => undefined)
    return done
  }

  private async read(): Promise<{ order: string[]; held: boolean }> {
    const { order, held } = (await recordIfAny(this.file)) ?? {}
    return { order: Array.isArray(order) ? order : [], held: held === true }
  }
}

const elsewhere = (host: string) =>
  new AppError('run-busy', `This run is trained on ${host || 'another machine'}.`, 'End its process there.')
