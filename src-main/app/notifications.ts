import { randomUUID } from 'node:crypto'
import { mkdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import { z } from 'zod'
import {
  type Dataset,
  type Emit,
  type Evaluation,
  type Handlers,
  notification,
  type Notification,
  type Run,
  type Told,
} from '#shared/contract'
import { duration } from '#shared/format'
import { evaluationKinds } from '#shared/settings/evaluation'
import { counted } from '#shared/words'
import { aside, inTurn } from '#platform/background'
import { dataFolder } from '#platform/paths'
import { writeFileSafely } from '#storage/files'

/** As many as a person looks through. */
const most = 100

type NotificationCalls = Pick<Handlers, Extract<keyof Handlers, `notifications.${string}`>>

/** What the person was told, newest first, in notifications.json of the data folder. */
export class Notifications {
  private readonly file = path.join(dataFolder(), 'notifications.json')
  /** One change after the other, since each keeps what was there before. */
  private readonly inTurn = inTurn()
  private readonly known = {
    runs: new Map<string, Run>(),
    datasets: new Map<string, Dataset>(),
    evaluations: new Map<string, Evaluation>(),
  }

  constructor(
    private readonly emit: Emit,
    /** Tells the person of runs outside the window too. */
    private readonly outside: (told: Notification) => void,
  ) {}

  readonly calls: NotificationCalls = {
    'notifications.list': () => this.read(),
    'notifications.add': (told) => this.change((all) => [made(told), ...all]),
    'notifications.see': () => this.change((all) => all.map((one) => ({ ...one, seen: true }))),
    'notifications.remove': ({ id }) =>
      this.change((all) => all.filter((one) => id !== null && one.id !== id)),
  }

  /** Hears every event, and tells those that end something. */
  readonly hear: Emit = (name, payload) => {
    if (name === 'runs.changed') this.see('runs', payload as Run, ofRun)
    if (name === 'datasets.changed') this.see('datasets', payload as Dataset, ofDataset)
    if (name === 'evaluations.changed') this.see('evaluations', payload as Evaluation, ofEvaluation)
  }

  private see<K extends keyof typeof this.known>(
    kind: K,
    now: Subject<K>,
    tell: (before: Subject<K>, now: Subject<K>) => Told | null,
  ): void {
    const known = this.known[kind] as Map<string, Subject<K>>
    const before = known.get(now.id)
    known.set(now.id, now)
    const told = before ? tell(before, now) : null
    if (told) aside(this.tell(told, kind === 'runs'))
  }

  private async tell(told: Told, isRun: boolean): Promise<void> {
    const one = made(told)
    await this.change((all) => [one, ...all])
    this.emit('notifications.told', one)
    if (isRun) this.outside(one)
  }

  private change(make: (all: Notification[]) => Notification[]): Promise<Notification[]> {
    return this.inTurn(async () => {
      const all = make(await this.read()).slice(0, most)
      await mkdir(dataFolder(), { recursive: true })
      await writeFileSafely(this.file, JSON.stringify(all, null, 1))
      this.emit('notifications.changed', all)
      return all
    })
  }

  /** Damage costs no more than the list. */
  private async read(): Promise<Notification[]> {
    const text = await readFile(this.file, 'utf8').catch(() => '[]')
    try {
      return z.array(notification).parse(JSON.parse(text))
    } catch {
      return []
    }
  }
}

type Subject<K extends 'runs' | 'datasets' | 'evaluations'> = {
  runs: Run
  datasets: Dataset
  evaluations: Evaluation
}[K]

const made = (told: Told): Notification => ({
  ...told,
  id: randomUUID(),
  at: new Date().toISOString(),
  seen: false,
})

const isTrained = ({ status }: Run) => status === 'running' || status === 'starting' || status === 'queued'

/** What is to be told of a run that changed: that it finished, failed or got stuck. */
export function ofRun(before: Run, now: Run): Told | null {
  const told = (kind: Told['kind'], text: string, advice: string | null = null) => ({
    kind,
    about: now.name,
    text,
    advice,
    to: `/runs/${now.id}`,
  })
  if (before.stalledSeconds === null && now.stalledSeconds !== null)
    return told('warn', 'is stuck', `No step for ${duration(now.stalledSeconds)}. The process is alive.`)
  if (!isTrained(before) || isTrained(now)) return null
  if (now.status === 'finished') return told('ok', `finished in ${duration(now.latest?.seconds)}`)
  if (now.status === 'failed') return told('bad', 'failed', now.error?.message)
  if (now.status === 'interrupted')
    return told('bad', 'ended unexpectedly', 'Resume it from its newest checkpoint.')
  return null
}

/** That a data set was scanned, or could not be. */
export function ofDataset(before: Dataset, now: Dataset): Told | null {
  const about = { about: now.name, to: `/datasets/${now.id}` }
  if (before.status !== 'scanning') return null
  if (now.status === 'ready')
    return { ...about, kind: 'info', text: `scanned: ${counted(now.images, 'images')}`, advice: null }
  return now.status === 'failed'
    ? { ...about, kind: 'bad', text: 'could not be scanned', advice: now.error }
    : null
}

/** That an evaluation finished or failed. */
export function ofEvaluation(before: Evaluation, now: Evaluation): Told | null {
  const title = evaluationKinds[now.kind].title
  const about = { about: title, to: `/runs/${now.run}/evaluation/${now.id}` }
  if (before.status !== 'running') return null
  if (now.status === 'finished') return { ...about, kind: 'ok', text: 'evaluation finished', advice: null }
  return now.status === 'failed'
    ? { ...about, kind: 'bad', text: 'evaluation failed', advice: now.error?.message ?? null }
    : null
}
