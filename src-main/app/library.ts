import { createBirpc, type BirpcReturn } from 'birpc'
import { AppError, fromErrorData } from '#shared/errors'
import type { LibraryCalls, LibraryFunctions, LibraryListener } from '#jobs/scan/process'
import type { Child, Fork } from '#platform/processes'

/** The process that reads images, started when it is first needed and again when it died. */
export class Library {
  private child: Child | null = null
  private remote: BirpcReturn<LibraryFunctions, LibraryListener> | null = null

  constructor(
    private readonly fork: Fork,
    private readonly listener: LibraryListener,
  ) {}

  /** Calls a function of library-process.ts. Throws the AppError that it threw. */
  async call<N extends keyof LibraryCalls>(
    name: N,
    ...parameters: Parameters<LibraryCalls[N]>
  ): Promise<Awaited<ReturnType<LibraryCalls[N]>>> {
    const answer = await this.process().call(name, parameters)
    if ('error' in answer) throw fromErrorData(answer.error)
    return answer.value as Awaited<ReturnType<LibraryCalls[N]>>
  }

  /** Ends the process; what was asked of it stays unanswered. */
  close() {
    const child = this.child
    this.child = this.remote = null
    child?.kill()
  }

  private process() {
    if (this.remote) return this.remote
    const child = this.fork('library', [])
    const remote = createBirpc<LibraryFunctions, LibraryListener>(this.listener, {
      post: (message) => child.post(message),
      on: (listener) => child.onMessage(listener),
      timeout: -1,
    })
    child.onExit(() => {
      if (this.child !== child) return
      this.child = this.remote = null
      remote.$close(new AppError('worker-died', 'The process that reads images ended.', 'Try again.'))
    })
    this.child = child
    return (this.remote = remote)
  }
}
