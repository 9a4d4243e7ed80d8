import type { ChildProcess } from 'node:child_process'
import { AppError } from '#shared/errors'
import { outputOf } from '#platform/programs'

/** How an engine that does not come along is installed. */
export interface Installation {
  /** What there is of it, such as `torch 2.15.0`; null where it must be installed first. */
  installed(): Promise<string | null>
  /** What suits this machine, and what it downloads; null where that is not known before it is asked for. */
  here(): { gpu: boolean; downloadBytes: number } | null
  /** What is fetched from where, for a person to agree to. Throws AppError engine-unavailable. */
  plan(options: { gpu: boolean }): Promise<InstallPlan>
  /** Installs it; `say` hears what happens. */
  install(options: { gpu: boolean }, say: (text: string) => void): Promise<void>
  remove(): Promise<void>
}

export interface InstallPlan {
  what: string
  downloadBytes: number
  diskBytes: number
}

/**
 * What a program prints that installs an engine. Throws AppError engine-unavailable with what it complains, or that it is not
 * here, and what to do about it.
 */
export async function printed(program: string, child: ChildProcess, advice: string): Promise<string> {
  const { code, output, errors } = await outputOf(child).catch(() => {
    throw new AppError(
      'engine-unavailable',
      `${program} is needed to install this engine, and is not here.`,
      advice,
    )
  })
  if (code === 0) return output.toString()
  const said = /^ERROR: (.+)/m.exec(errors)?.[1] ?? errors.slice(-2000).trim()
  throw new AppError('engine-unavailable', `${program} could not install this engine: ${said}`, advice)
}
