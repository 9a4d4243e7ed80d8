import { cpus, homedir, totalmem } from 'node:os'
import path from 'node:path'
import type { AppSettings, Handlers, Emit, Notification, Run, Unreadable } from '#shared/contract'
import { AppError } from '#shared/errors'
import { appVersion } from '#shared/version'
import { graphicsName } from '#engine/onnx/vulkan'
import { aside } from '#platform/background'
import type { Fork } from '#platform/processes'
import { Classifiers } from './classifiers'
import { Datasets } from './datasets'
import { Engines } from './engines'
import { Experiments } from './experiments/experiments'
import { Exports } from './exports'
import { Evaluations } from './evaluations'
import type { Folders } from './folders'
import { Inspect } from './inspect/inspect'
import { machineLoad, processorName } from './machine-load'
import { Notifications } from './notifications'
import { isActive } from './runs/run-list'
import { Runs } from './runs/runs'
import { Settings } from './settings'

/** What differs between the window and the browser. */
export interface Host {
  kind: 'electron' | 'browser'
  fork: Fork
  /** Looks for a new version; absent where nobody knows where there are any. */
  update?: () => Promise<void>
  pick?: Handlers['app.pick']
  reveal?: (path: string) => void
  /** Shows the application's own log in the file manager. */
  showLog?: () => void
  /** Told when the person changed settings. */
  configured?: (settings: AppSettings) => void
  /** Tells the person something outside the window. */
  tell?: (told: Notification) => void
  machines?: Pick<Handlers, Extract<keyof Handlers, `machines.${string}`>>
  /** Confines what the browser may read and write. */
  folders?: Folders
}

export interface Services {
  calls: Handlers
  /** What becomes of a path that a renderer names, before a call gets it. Throws AppError not-allowed. */
  confine(path: string): Promise<string>
  /** The file that a path below `files/` stands for; null where there is none. */
  file(path: string): Promise<string | null>
  currentRun(): Promise<Run | null>
  /** Pauses training, waits until it is saved, ends all processes. */
  close(): Promise<void>
}

const notHere = () => {
  throw new AppError('not-allowed', 'This cannot be done in a browser.')
}

const noMachines = {
  'machines.list': notHere,
  'machines.open': notHere,
  'machines.reach': notHere,
  'machines.forget': notHere,
}

/** Everything that the contract offers, for one host. */
export function createServices(host: Host, send: Emit): Services {
  const notifications = new Notifications(send, (told) => host.tell?.(told))
  const emit: Emit = (name, payload) => {
    send(name, payload)
    notifications.hear(name, payload)
  }
  const settings = new Settings(host.configured)
  const datasets = new Datasets(host.fork, emit)
  const engines = new Engines({ fork: host.fork, emit, settings })
  const runEnded = (run: Run) => aside(experiments.advance(run.id))
  const runs = new Runs({ ...host, emit, datasets, engines, settings, onEnd: runEnded })
  runs.follow()
  engines.tryAtStart(async () => (await runs.calls['runs.list']()).some(isActive))
  const evaluations = new Evaluations({
    ...host,
    emit,
    datasets,
    engines,
    settings,
    runs: async () => (await runs.calls['runs.list']()).map(({ id }) => id),
    onEnd: ({ run }) => aside(experiments.advance(run)),
  })
  const experiments = new Experiments({
    emit,
    datasets,
    settings,
    startRun: runs.calls['runs.start'],
    startEvaluation: evaluations.calls['evaluations.start'],
  })
  aside(evaluations.resume().then(() => experiments.advance()))
  const run = (id: string) => runs.calls['runs.get']({ id })
  const exported = new Exports({ ...host, emit, datasets, settings, run })
  const inspect = new Inspect({ fork: host.fork, emit, datasets, run })
  const classifiers = new Classifiers({ fork: host.fork, emit, runs: async () => (await runs.survey()).runs })

  const surveys: Record<Unreadable['kind'], () => Promise<{ unreadable: Unreadable[] }>> = {
    run: () => runs.survey(),
    evaluation: async () => evaluations.survey((await runs.survey()).runs.map(({ id }) => id)),
    experiment: () => experiments.survey(),
    dataset: () => datasets.survey(),
  }
  const allKinds = Object.keys(surveys) as Unreadable['kind'][]

  const calls: Handlers = {
    ...settings.calls,
    ...datasets.calls,
    ...engines.calls,
    ...runs.calls,
    ...evaluations.calls,
    ...experiments.calls,
    ...exported.calls,
    ...inspect.calls,
    ...classifiers.calls,
    ...notifications.calls,
    ...(host.machines ?? noMachines),
    'app.info': async () => ({
      version: appVersion,
      host: host.kind,
      platform: process.platform,
      processor: processorName(),
      cores: cpus().length,
      graphics: graphicsName(),
      memoryBytes: totalmem(),
      homeFolder: homedir(),
      canUpdate: host.update !== undefined,
    }),
    'app.load': machineLoad(),
    'app.update': () => (host.update ?? notHere)(),
    'app.pick': async (input) => (host.pick ?? notHere)(input),
    'app.listFolders': async ({ path }) => (host.folders ? host.folders.list(path) : notHere()),
    'app.unreadable': async ({ kinds } = {}) => {
      const found = await Promise.all((kinds ?? allKinds).map((kind) => surveys[kind]()))
      return found.flatMap(({ unreadable }) => unreadable)
    },
    'app.reveal': async ({ path }) => (host.reveal ?? notHere)(path),
    'app.showLog': async () => (host.showLog ?? notHere)(),
  }

  return {
    calls,
    confine: async (path) => (host.folders ? host.folders.allowed(path) : path),
    currentRun: runs.current,
    async file(relative) {
      const [kind, id = '', a = '', b = ''] = relative.split('/')
      if (kind === 'thumbnail') return datasets.thumbnail(id, Number(a), 'small').catch(() => null)
      if (kind === 'picture') return datasets.thumbnail(id, Number(a), 'large').catch(() => null)
      if (kind === 'predicted')
        return classifiers.thumbnail(id, Number(a), b === 'large' ? 'large' : 'small').catch(() => null)
      if (kind === 'inspect') return inspect.file(relative.slice('inspect/'.length)).catch(() => null)
      if (kind !== 'reconstruction' || !/^\d+\.png$/.test(b) || path.basename(id) !== id) return null
      return runs.reconstruction(id, Number(a), b).catch(() => null)
    },
    async close() {
      await evaluations.close()
      await runs.close()
      datasets.close()
      inspect.close()
      classifiers.close()
    },
  }
}
