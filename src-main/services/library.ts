import { createBirpc, type BirpcReturn } from 'birpc'
import { AppError, fromErrorData } from '../../src-shared/errors'
import type { LibraryFunctions, LibraryListener } from '../data/library-process'
import type { Scan } from '../data/scan'
import type { Child, Fork } from '../port'

type Progress = LibraryListener['progress']

/** The process that reads images, started when it is first needed and again when it died. */
export class Library {
  private child: Child | null = null
  private remote: BirpcReturn<LibraryFunctions, LibraryListener> | null = null

  constructor(
    private readonly fork: Fork,
    private readonly onProgress: Progress,
  ) {}

  /** Throws AppError as scanFolder does. */
  async scan(folder: string): Promise<Scan> {
    const result = await this.process().scan(folder)
    if ('error' in result) throw fromErrorData(result.error)
    return result
  }

  /** WebP bytes, or null where the image can not be read. */
  thumbnail = (file: string, size: number) => this.process().thumbnail(file, size)

  /** Ends the process; what was asked of it stays unanswered. */
  close() {
    const child = this.child
    this.child = this.remote = null
    child?.kill()
  }

  private process() {
    if (this.remote) return this.remote
    const child = this.fork('library', [])
    const remote = createBirpc<LibraryFunctions, LibraryListener>(
      { progress: this.onProgress },
      { post: (message) => child.post(message), on: (listener) => child.onMessage(listener), timeout: -1 },
    )
    child.onExit(() => {
      if (this.child !== child) return
      this.child = this.remote = null
      remote.$close(new AppError('worker-died', 'The process that reads images ended.', 'Try again.'))
    })
    this.child = child
    return (this.remote = remote)
  }
}
