import { type BirpcReturn, createBirpc } from 'birpc'
import { AppError, type AppErrorData, fromErrorData } from '#shared/errors'
import type { InspectorFunctions, InspectorListener } from '#jobs/inspect/process'
import type { Child, Fork } from '#platform/processes'

/** A process that looks into checkpoints, started when it is first needed and again when it died. */
export class InspectorProcess {
  private child: Child | null = null
  private connection: BirpcReturn<InspectorFunctions, InspectorListener> | null = null

  /** Its pictures become files of `folder`. */
  constructor(
    private readonly fork: Fork,
    private readonly folder: () => string,
    private readonly onProgress: InspectorListener['progress'],
  ) {}

  /** What the process answers. Throws the AppError that it gave. */
  async ask<T>(
    question: (remote: BirpcReturn<InspectorFunctions, InspectorListener>) => Promise<Answer<T>>,
  ): Promise<T> {
    const answer = await question(this.remote())
    if ('error' in answer) throw fromErrorData(answer.error)
    return answer.value
  }

  /** Ends what takes long, where there is a process that could. */
  stop = () => void this.connection?.stop()

  /** Ends the process; what was asked of it stays unanswered. */
  close() {
    const child = this.child
    this.child = this.connection = null
    child?.kill()
  }

  /** The process itself, for what cannot fail. */
  remote() {
    if (this.connection) return this.connection
    const child = this.fork('inspector', [this.folder()])
    const remote = createBirpc<InspectorFunctions, InspectorListener>(
      { progress: this.onProgress },
      { post: (message) => child.post(message), on: (listener) => child.onMessage(listener), timeout: -1 },
    )
    child.onExit((_code, errors) => {
      if (this.child !== child) return
      this.child = this.connection = null
      if (errors) console.error(errors)
      remote.$close(
        new AppError('worker-died', 'The process that looks into checkpoints ended.', 'Try again.'),
      )
    })
    this.child = child
    return (this.connection = remote)
  }
}

type Answer<T> = { value: T } | { error: AppErrorData }
