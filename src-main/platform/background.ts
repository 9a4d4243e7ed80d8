/** Lets work go on by itself: what it throws is logged, and takes nothing else along. */
export function aside(work: PromiseLike<unknown> | undefined): void {
  work?.then(undefined, (error: unknown) => console.error(error))
}

/** Waits for so many milliseconds. */
export const pause = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds))

/** Does pieces of work one after the other, each whatever became of the one before. */
export function inTurn(): <T>(work: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve()
  return (work) => {
    const done = last.then(work)
    last = done.catch(() => undefined)
    return done
  }
}

/** Does all that a process or thread is there for: what it throws ends the process or thread. */
export function runToEnd(work: Promise<unknown>): void {
  work.catch((error: unknown) =>
    setImmediate(() => {
      throw error
    }),
  )
}

/**
 * Native code blocks a thread while it computes: between two pieces of work, lets in what came meanwhile, such as images, what
 * lanes say, or a wish to stop.
 */
export const messagesRead = () => new Promise((resolve) => setImmediate(resolve))

/** For a process that others rely on: an error that nobody awaited is logged, and the process goes on. */
export function outliveErrors(): void {
  process.on('uncaughtException', (error) => console.error(error))
  process.on('unhandledRejection', (error) => console.error(error))
}
