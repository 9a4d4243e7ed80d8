import { systemError } from './system-errors'

/**
 * An error that a person can act on. `AppError` is the only error that crosses a process border (job -> app -> window,
 * CLI -> terminal); anything else is a bug and is shown as one.
 */
export interface AppErrorData {
  /** Stable name for code and docs/troubleshooting.md. */
  code: ErrorCode
  /** What happened, in a sentence. */
  message: string
  /** What to do about it, in a sentence. */
  advice?: string
}

export const errorCodes = [
  'bad-settings',
  'folder-missing',
  'not-a-folder',
  'no-images',
  'too-few-images',
  'image-unreadable',
  'run-missing',
  'run-busy',
  'format-newer',
  'evaluation-missing',
  'experiment-missing',
  'classifier-missing',
  'checkpoint-missing',
  'checkpoint-corrupt',
  'weights-unreadable',
  'weights-misfit',
  'export-differs',
  'out-of-memory',
  'not-finite',
  'disk-full',
  'file-unusable',
  'engine-unavailable',
  'engine-wrong',
  'unsupported-op',
  'worker-died',
  'stopped',
  'address-unusable',
  'certificate-unusable',
  'certificate-untrusted',
  'machine-unreachable',
  'machine-refused',
  'not-allowed',
  'cluster-unknown',
  'bad-message',
  'unexpected',
] as const
export type ErrorCode = (typeof errorCodes)[number]

export class AppError extends Error implements AppErrorData {
  override readonly name = 'AppError'
  constructor(
    readonly code: ErrorCode,
    message: string,
    readonly advice?: string,
  ) {
    super(message)
  }
}

const codesOfSystem: Record<string, ErrorCode> = {
  ENOSPC: 'disk-full',
  EDQUOT: 'disk-full',
  ENOMEM: 'out-of-memory',
}

/** Any thrown value as data that can be sent; what a file system refused, in words. */
export function toErrorData(error: unknown): AppErrorData {
  if (error instanceof AppError) return { code: error.code, message: error.message, advice: error.advice }
  const system = systemError(error)
  if (system) {
    const { name, message, advice } = system
    return { code: codesOfSystem[name] ?? 'file-unusable', message, advice }
  }
  if (error instanceof RangeError && /allocation failed/.test(error.message))
    return {
      code: 'out-of-memory',
      message: 'There is not enough memory.',
      advice: 'Close other programs, then try again.',
    }
  return { code: 'unexpected', message: error instanceof Error ? error.message : String(error) }
}

/** The error from data that was sent. */
export const fromErrorData = (data: AppErrorData) => new AppError(data.code, data.message, data.advice)
