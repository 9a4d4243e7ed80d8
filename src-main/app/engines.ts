import { mkdir, readFile } from 'node:fs/promises'
import { cpus } from 'node:os'
import path from 'node:path'
import { z } from 'zod'
import {
  automatic,
  type Emit,
  type EngineInfo,
  type EngineProof,
  engineProof,
  type Handlers,
} from '#shared/contract'
import { AppError, type AppErrorData, fromErrorData, toErrorData } from '#shared/errors'
import { appVersion } from '#shared/version'
import { fastestPrecision } from '#shared/fastest-precision'
import { decided, type Precision, type PrecisionChoice } from '#shared/settings/precision'
import { engineChoice, engineChoices } from '#engine/engines'
import { explainEngineError } from '#engine/explain'
import { findWebgpuDevice } from '#engine/onnx/vulkan'
import { type Gpu, readGpus } from '#engine/nvidia'
import type { Installation } from '#engine/installation'
import { dataFolder } from '#platform/paths'
import { aside } from '#platform/background'
import type { Fork } from '#platform/processes'
import type { ProofMessage } from '#jobs/prove/process'
import type { Proven } from '#jobs/prove/prove'
import { writeFileSafely } from '#storage/files'
import { fastestOf, withRecommendations } from './fastest'
import type { EstimateBasis } from './runs/estimate'
import type { Settings } from './settings'

/** The engine that needs nothing but a CPU, which runs fall back to last. */
export const cpuEngine = 'onnxruntime-cpu'

/** How much faster than the CPU engine TensorFlow trains the preset nano: docs/benchmarks.md. */
const tensorflowGain = 1.3

/** Milliseconds that the application gets to show its first page before engines are tried. */
const startDelay = 2_000

/** An engine that takes longer to prove itself hangs. */
const proofLimit = 300_000

const problemSchema = z.object({ message: z.string(), advice: z.string().optional() })
const resultSchema = z.object({
  /** What was there when the engine was tried; where it changed, the result says nothing. */
  circumstances: z.string(),
  proof: engineProof.nullable(),
  problem: problemSchema.nullable(),
})
const rememberedSchema = z.object({
  results: z.record(z.string(), resultSchema).default({}),
  /** The engine that a run used last and that was usable. */
  lastGood: z.string().default(cpuEngine),
})
type Result = z.infer<typeof resultSchema>
type Remembered = z.infer<typeof rememberedSchema>

/** What a run is trained by. */
export interface EngineForRun {
  engine: string
  precision: Precision
  /** Why it is not what was asked for. */
  notice: string | null
  /** Why it is this one or that precision, where nobody chose it. */
  why: string | null
}

type EngineCalls = Pick<
  Handlers,
  'engines.list' | 'engines.survey' | 'engines.plan' | 'engines.install' | 'engines.remove'
>

/** The engines of this machine: what each showed when it was tried, kept in engines.json of the data folder. */
export class Engines {
  private readonly file = path.join(dataFolder(), 'engines.json')
  private readonly busy = new Map<string, 'proving' | 'installing'>()
  /** While engines are tried that were not. */
  private trying: Promise<void> | null = null

  constructor(private readonly options: { fork: Fork; emit: Emit; settings: Settings }) {}

  readonly calls: EngineCalls = {
    'engines.list': () => this.list(),
    'engines.survey': async ({ id }) => {
      const all = (await this.list()).filter(({ status }) => status !== 'absent').map((engine) => engine.id)
      for (const engine of id ? [id] : all) await this.prove(engine)
      return this.list()
    },
    'engines.plan': async ({ id, gpu }) => installationOf(id).plan({ gpu }),
    'engines.install': async ({ id, gpu }) => {
      const { install, remove } = installationOf(id)
      await this.while(id, 'installing', () => install({ gpu }, (message) => aside(this.tell(message))))
      const { problem } = await this.prove(id)
      if (problem) {
        await remove()
        throw new AppError(
          'engine-unavailable',
          `${engineChoice(id).title} was installed and removed again. ${problem.message}`,
          problem.advice,
        )
      }
      return this.list()
    },
    'engines.remove': async ({ id }) => {
      await installationOf(id).remove()
      await this.tell()
      return this.list()
    },
  }

  /**
   * The engine for a run that asks for `wanted` in a precision: the fastest where that is automatic; else that one, where it is
   * or proves usable; else the last good one, in float32 where it lacks the precision, with a notice that the person must see.
   * Where the precision is automatic, the fastest that the engine showed. Throws AppError engine-unavailable where there is no
   * such engine, or none of that precision.
   */
  async choose(wanted: string, asked: PrecisionChoice): Promise<EngineForRun> {
    if (wanted === automatic) return this.chooseFastest(asked)
    const { title } = engineChoice(wanted, decided(asked))
    const problem = await this.problemOf(wanted)
    const record = await this.read()
    if (!problem) {
      await this.write({ ...record, lastGood: wanted })
      const proof = await this.shownBy(wanted)
      const { precision, why } = precisionBy(proof, asked)
      if (showed(proof, precision))
        return { engine: wanted, precision, notice: null, why: why && `Computes in ${why}.` }
      const notice = `${title} does not compute in ${precision} here, or not within its limits. This run uses float32 instead.`
      return { engine: wanted, precision: 'float32', notice, why: null }
    }
    const usable = record.lastGood !== wanted && !(await this.problemOf(record.lastGood))
    const engine = usable ? record.lastGood : cpuEngine
    const { precision } = precisionBy(await this.shownBy(engine), asked)
    const other = engineChoice(engine)
    const has = other.precisions.includes(precision)
    const instead = has ? other.title : `${other.title} in float32, since it has no ${precision},`
    const notice =
      `${title} cannot be used: ${problem.message} This run uses ${instead} instead. ${problem.advice ?? ''}`.trim()
    return { engine, precision: has ? precision : 'float32', notice, why: null }
  }

  /** The engine that a person's choice means, for all but training: another in place of one that only trains. */
  resolve = async (wanted: string, precision: PrecisionChoice = 'float32'): Promise<string> => {
    const engine = wanted === automatic ? (await this.chooseFastest(precision)).engine : wanted
    if (engineChoice(engine).open) return engine
    const others = (await this.list()).filter(({ id }) => engineChoice(id).open)
    return (fastestOf(others, precision) ?? fastestOf(others, 'float32'))?.id ?? cpuEngine
  }

  /** What evaluates a run of a precision: in float32 where the engine did not show here that it has that one. */
  async evaluating(
    wanted: string,
    trained: PrecisionChoice,
  ): Promise<{ engine: string; precision: Precision }> {
    const precision = decided(trained)
    const engine = await this.resolve(wanted, precision)
    if (precision === 'float32' || (await this.problemOf(engine))) return { engine, precision: 'float32' }
    return { engine, precision: showed(await this.shownBy(engine), precision) ? precision : 'float32' }
  }

  /** What an engine showed here; null where it was not tested or needs no test. */
  private async shownBy(engine: string): Promise<EngineProof | null> {
    return (await this.list()).find(({ id }) => id === engine)!.proof
  }

  /** The engine of new runs, as far as it is known without trying any; what it showed; and its GPU, if it computes on one. */
  async inUse(): Promise<Pick<EstimateBasis, 'proof' | 'device'> & { engine: string }> {
    const { engine: wanted } = await this.options.settings.get()
    const selected = (await this.list()).find(({ selected }) => selected)
    const engine = selected?.id ?? wanted
    const onDevice = await engineChoice(engine).isOnDevice()
    const device = onDevice ? { freeBytes: (await readGpus()).map(freeBytesOf) } : null
    return { engine, proof: selected?.proof ?? null, device }
  }

  /** Tries in the background what was not tried yet, where nobody chose an engine and nothing else computes. */
  tryAtStart(isBusy: () => Promise<boolean>): void {
    const begin = async () => {
      const { engine } = await this.options.settings.get()
      if (engine === automatic && !(await isBusy())) await this.tryNew(1)
    }
    setTimeout(() => aside(begin()), startDelay).unref()
  }

  /** The fastest engine, in float32 where none has the precision. Tries first what was not tried, where there is a choice. */
  private async chooseFastest(asked: PrecisionChoice): Promise<EngineForRun> {
    await this.tryNew(2)
    const engines = withRecommendations(await this.list(), asked)
    const best = fastestOf(engines, asked) ?? fastestOf(engines, 'float32')
    const engine = best?.id ?? cpuEngine
    const { title } = engineChoice(engine)
    const { precision, why } = precisionBy(best?.proof ?? null, asked)
    const has = precision === 'float32' || fastestOf(engines, precision) !== undefined
    const reason = best?.recommendation?.reason ?? 'needs nothing but the CPU.'
    await this.write({ ...(await this.read()), lastGood: engine })
    return {
      engine,
      precision: has ? precision : 'float32',
      notice: has ? null : `No engine here has ${precision}: ${title} trains this run in float32 instead.`,
      why: `${title}: ${reason}${why ? ` Computes in ${why}.` : ''}`,
    }
  }

  /** Tries engines that may be the fastest and were not tried, where there are at least so many to choose from. */
  private tryNew(least: number): Promise<void> {
    const work = async () => {
      const here = (await this.list()).filter(
        ({ id, status }) => status !== 'absent' && engineChoice(id).isHere(),
      )
      if (here.length < least) return
      for (const { id } of here.filter(({ status }) => status === 'unproven')) await this.prove(id)
    }
    return (this.trying ??= work().finally(() => (this.trying = null)))
  }

  private async problemOf(id: string): Promise<z.infer<typeof problemSchema> | null> {
    if (id === cpuEngine) return null
    const engine = (await this.list()).find((known) => known.id === id)
    if (!engine) return { message: 'It is not for this system.' }
    if (engine.status === 'usable') return null
    return engine.problem ?? (await this.prove(id)).problem
  }

  private async list(): Promise<EngineInfo[]> {
    const { results } = await this.read()
    const { engine: wanted } = await this.options.settings.get()
    const choices = engineChoices.filter(({ platforms }) => platforms?.includes(process.platform) ?? true)
    const resultOf = async (id: string) => {
      const result = results[keyOf(id)]
      return result?.circumstances === (await circumstancesOf(id)) ? result : undefined
    }
    const cpu = (await resultOf(cpuEngine))?.proof
    const described = choices.map(async ({ id, title, description, installation }): Promise<EngineInfo> => {
      const result = await resultOf(id)
      const known =
        installation && !(await installation.installed())
          ? 'absent'
          : result
            ? result.proof
              ? 'usable'
              : 'unusable'
            : 'unproven'
      const install = known === 'absent' ? installation!.here() : null
      return {
        id,
        title,
        description,
        status: this.busy.get(id) ?? known,
        proof: known === 'usable' ? result!.proof : null,
        install,
        expectedImagesPerSecond:
          id === 'tensorflow' && known === 'absent' && cpu && !install?.gpu
            ? tensorflowGain * cpu.imagesPerSecond
            : null,
        problem:
          known === 'absent'
            ? { message: 'It is not installed.', advice: `Install it: saim engines install ${id}` }
            : (result?.problem ?? null),
        selected: false,
        recommendation: null,
      }
    })
    const engines = await Promise.all(described)
    const selected = wanted === automatic ? (fastestOf(engines, 'auto')?.id ?? cpuEngine) : wanted
    return withRecommendations(
      engines.map((engine) => ({ ...engine, selected: engine.id === selected })),
      'auto',
    )
  }

  /** Tries an engine in a process of its own and keeps what came of it. */
  private prove(id: string): Promise<Result> {
    return this.while(id, 'proving', async () => {
      const result: Result = { circumstances: await circumstancesOf(id), proof: null, problem: null }
      try {
        result.proof = await this.proofOf(id)
      } catch (error) {
        const { message, advice } = toErrorData(explainEngineError(error))
        result.problem = { message, advice }
      }
      const record = await this.read()
      await this.write({ ...record, results: { ...record.results, [keyOf(id)]: result } })
      return result
    })
  }

  /** Tries an engine in float32, then in whatever else its device has; precisions that fail are not among those proven. */
  private async proofOf(id: string): Promise<EngineProof> {
    const { has, proof: exact, ...about } = await this.provenIn(id, 'float32')
    const precisions = [exact]
    for (const precision of has.filter((other) => other !== 'float32')) {
      const proven = await this.provenIn(id, precision).catch(() => null)
      if (proven) precisions.push(proven.proof)
    }
    return {
      ...about,
      ...exact,
      precisions,
      provenAt: new Date().toISOString(),
    }
  }

  /** What an engine shows in one precision, in a process of its own. */
  private async provenIn(id: string, precision: Precision): Promise<Proven> {
    const { threads } = await this.options.settings.get()
    const child = this.options.fork('proof', [id, String(threads), precision])
    let message: ProofMessage | undefined
    child.onMessage((data) => (message = data as ProofMessage))
    let late = false
    const timer = setTimeout(() => {
      late = true
      child.kill()
    }, proofLimit)
    const { code, errors } = await new Promise<{ code: number | null; errors: string }>((resolve) =>
      child.onExit((code, errors) => resolve({ code, errors })),
    )
    clearTimeout(timer)
    if (!message) throw died(id, late, code, errors)
    if ('error' in message) throw fromErrorData(message.error as AppErrorData)
    return message.proven
  }

  private async while<T>(id: string, state: 'proving' | 'installing', work: () => Promise<T>): Promise<T> {
    if (this.busy.has(id))
      throw new AppError('run-busy', `${engineChoice(id).title} is busy.`, 'Wait until it is done.')
    this.busy.set(id, state)
    try {
      await this.tell()
      return await work()
    } finally {
      this.busy.delete(id)
      await this.tell()
    }
  }

  private async tell(message: string | null = null): Promise<void> {
    this.options.emit('engines.changed', { engines: await this.list(), message })
  }

  private async read(): Promise<Remembered> {
    const stored = await readFile(this.file, 'utf8')
      .then(JSON.parse)
      .catch(() => ({}))
    return rememberedSchema.catch(() => rememberedSchema.parse({})).parse(stored)
  }

  private async write(record: Remembered): Promise<void> {
    await mkdir(dataFolder(), { recursive: true })
    await writeFileSafely(this.file, JSON.stringify(record, null, 2))
  }
}

/** The precision that an engine computes in where a person asks for one: the fastest that it showed where that is automatic, saying why. */
const precisionBy = (proof: EngineProof | null, asked: PrecisionChoice) =>
  asked === 'auto' && proof ? fastestPrecision(proof) : { precision: decided(asked), why: null }

/** Whether an engine showed here that it has a precision. What needs no proof has float32 alone. */
const showed = (proof: EngineProof | null, precision: Precision): boolean =>
  proof ? proof.precisions.some((proven) => proven.precision === precision) : precision === 'float32'

/** Memory of a GPU that is free; null where that is not told. */
const freeBytesOf = ({ memoryBytes, usedMemoryBytes }: Gpu): number | null =>
  memoryBytes === null ? null : memoryBytes - (usedMemoryBytes ?? 0)

/** Node and Electron are different machines to an engine, so that each keeps results of its own. */
const keyOf = (id: string) => (process.versions['electron'] ? `${id} in electron` : id)

/** All that the result of an engine depends on: versions, CPU, and its driver or what is installed of it. */
async function circumstancesOf(id: string): Promise<string> {
  const { electron, node } = process.versions
  const { provider, installation } = engineChoice(id)
  const own = installation
    ? ((await installation.installed()) ?? `no ${id}`)
    : provider === 'cpu'
      ? ''
      : findWebgpuDevice().name
  const host = electron ? `electron ${electron}` : `node ${node}`
  return [`app ${appVersion}`, host, cpus()[0]?.model, own].join('; ')
}

/** How an engine is installed. Throws AppError engine-unavailable where it comes along. */
function installationOf(id: string): Installation {
  const { installation } = engineChoice(id)
  if (installation) return installation
  const others = engineChoices.filter((choice) => choice.installation).map((choice) => choice.id)
  throw new AppError(
    'engine-unavailable',
    `${id} is not installed separately.`,
    `Only ${others.join(' and ')} are.`,
  )
}

/** A process that ended without a word: a driver or a library took it along. */
function died(id: string, late: boolean, code: number | null, errors: string): AppError {
  const known = explainEngineError(errors)
  if (!known.message.startsWith('It does not work here')) return known
  const crashed = code === null ? 'crashed' : `crashed (code ${code})`
  const how = late ? `did not end within ${proofLimit / 60_000} minutes` : crashed
  return new AppError(
    'worker-died',
    `It ${how} when it was tested. ${errors.slice(-300)}`.trim(),
    engineChoice(id).installation
      ? `Install it again: saim engines install ${id}`
      : 'Update the graphics driver, or use another engine.',
  )
}
