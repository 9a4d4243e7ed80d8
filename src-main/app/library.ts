import type { LibraryCalls, LibraryFunctions, LibraryListener } from '#jobs/scan/process'
import type { Fork } from '#platform/processes'
import { RemoteProcess } from './remote-process'

/** The process that reads images. */
export class Library {
  private readonly process: RemoteProcess<LibraryFunctions, LibraryListener>

  constructor(fork: Fork, listener: LibraryListener) {
    this.process = new RemoteProcess(() => fork('library', []), listener, 'reads images')
  }

  /** Calls a function of jobs/scan/process.ts. Throws the AppError that it threw, or worker-died. */
  async call<N extends keyof LibraryCalls>(
    name: N,
    ...parameters: Parameters<LibraryCalls[N]>
  ): Promise<Awaited<ReturnType<LibraryCalls[N]>>> {
    const value = await this.process.ask<unknown>((functions) => functions.call(name, parameters))
    return value as Awaited<ReturnType<LibraryCalls[N]>>
  }

  /** Ends the process; what was asked of it stays unanswered. */
  close = () => this.process.close()
}
