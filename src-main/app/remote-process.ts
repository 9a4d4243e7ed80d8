import { type BirpcReturn, createBirpc } from 'birpc'
import { AppError, fromErrorData } from '#shared/errors'
import type { Child } from '#platform/processes'
import type { Answer } from '#platform/remote'

/** A process whose functions are called, started when it is first needed and again when it died. */
export class RemoteProcess<Functions extends object, Listener extends object> {
  private child: Child | null = null
  private functions: BirpcReturn<Functions, Listener> | null = null

  /** `work` is what it does, as in: The process that reads images ended. */
  constructor(
    private readonly start: () => Child,
    private readonly listener: Listener,
    private readonly work: string,
  ) {}

  /** What the process answers. Throws the AppError that it gave, or worker-died. */
  async ask<T>(question: (functions: BirpcReturn<Functions, Listener>) => Promise<Answer<T>>): Promise<T> {
    const answer = await question(this.running())
    if ('error' in answer) throw fromErrorData(answer.error)
    return answer.value
  }

  /** Its functions where it runs now; null where it does not. */
  get current() {
    return this.functions
  }

  /** Ends the process; what was asked of it stays unanswered. */
  close(): void {
    const child = this.child
    this.child = this.functions = null
    child?.kill()
  }

  /** Its functions, for what cannot fail. */
  running() {
    if (this.functions) return this.functions
    const child = this.start()
    const functions = createBirpc<Functions, Listener>(this.listener, {
      post: (message) => child.post(message),
      on: (listener) => child.onMessage(listener),
      timeout: -1,
    })
    child.onExit((code, errors) => {
      if (this.child !== child) return
      this.child = this.functions = null
      if (errors) console.error(errors)
      const how = code === null ? ' was killed, could not be started, or had no memory left' : ' ended'
      functions.$close(
        new AppError(
          'worker-died',
          `The process that ${this.work}${how}.`,
          code === null ? 'Close other programs, then try again.' : 'Try again.',
        ),
      )
    })
    this.child = child
    return (this.functions = functions)
  }
}
