import type { z } from 'zod'
import { appCalls, appEvents } from './app'
import { classifierCalls, classifierEvents } from './classifiers'
import { datasetCalls, datasetEvents } from './datasets'
import { engineCalls, engineEvents } from './engines'
import { evaluationCalls, evaluationEvents } from './evaluations'
import { experimentCalls, experimentEvents } from './experiments'
import { exportCalls, exportEvents } from './exports'
import { inspectCalls, inspectEvents } from './inspect'
import { machineCalls } from './machines'
import { notificationCalls, notificationEvents } from './notifications'
import { runCalls, runEvents } from './runs'

export * from './app'
export type { Unreadable } from './common'
export * from './classifiers'
export * from './datasets'
export * from './engines'
export * from './evaluations'
export * from './experiments'
export * from './exports'
export * from './inspect'
export * from './machines'
export * from './notifications'
export * from './runs'

/**
 * The contract between the renderer and the backend: every call with its input and output, every event with
 * its payload. Validated once, at the border, over Electron IPC and WebSocket alike.
 * Messages contain no images but what a person drops, only paths such as `thumbnail/<dataset>/<index>` that the host serves
 * (`saim://app/files/<path>` in Electron, `/files/<path>` over HTTP).
 */
export const calls = {
  ...appCalls,
  ...classifierCalls,
  ...datasetCalls,
  ...engineCalls,
  ...evaluationCalls,
  ...experimentCalls,
  ...exportCalls,
  ...inspectCalls,
  ...machineCalls,
  ...notificationCalls,
  ...runCalls,
} as const

export const events = {
  ...appEvents,
  ...classifierEvents,
  ...datasetEvents,
  ...engineEvents,
  ...evaluationEvents,
  ...inspectEvents,
  ...experimentEvents,
  ...exportEvents,
  ...notificationEvents,
  ...runEvents,
} as const

export type CallName = keyof typeof calls
export type CallInput<N extends CallName> = z.input<(typeof calls)[N]['input']>
export type CallOutput<N extends CallName> = z.output<(typeof calls)[N]['output']>
export type EventName = keyof typeof events
export type EventPayload<N extends EventName> = z.output<(typeof events)[N]>

/** The backend as the renderer sees it. */
export type Backend = { [N in CallName]: (input: CallInput<N>) => Promise<CallOutput<N>> }
/** The backend as it is implemented: inputs are validated and complete. */
export type Handlers = {
  [N in CallName]: (input: z.output<(typeof calls)[N]['input']>) => Promise<CallOutput<N>>
}
/** Sends an event to every renderer. */
export type Emit = <N extends EventName>(name: N, payload: EventPayload<N>) => void
