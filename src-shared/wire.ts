import type { AppErrorData } from './errors'

/** The two functions by which renderer and backend call each other, over any channel of strings. */
export interface BackendSide {
  call(name: string, input: unknown): Promise<Answer>
}
export interface RendererSide {
  event(name: string, payload: unknown): void
}
export type Answer = { ok: true; value: unknown } | { ok: false; error: AppErrorData }

/** A two-way channel of strings: Electron's IPC or a WebSocket. */
export interface Channel {
  post(text: string): void
  on(listener: (text: string) => void): void
  /** Stops and goes on hearing, where the other end asks faster than it is answered. */
  hold?(held: boolean): void
}

/** What a WebSocket speaks; beside it, it names the key that lets it in. */
export const protocol = 'saim'

/** Longer strings are refused, in characters. */
export const messageLimit = 1_000_000
