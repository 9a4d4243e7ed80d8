import { childEnvironment } from './environment'
import { type ChildProcess, fork } from 'node:child_process'
import { Worker } from 'node:worker_threads'
import { outFile } from './paths'

/** The entries that run in processes of their own. */
export type ProcessName =
  'training' | 'trial' | 'library' | 'inspector' | 'evaluation' | 'proof' | 'exporting'

/** A process of ours as its parent sees it, whichever host forked it. */
export interface Child {
  readonly pid: number | undefined
  post(message: unknown): void
  onMessage(listener: (message: unknown) => void): void
  /** `errors` is the end of what the process wrote to stderr. */
  onExit(listener: (code: number | null, errors: string) => void): void
  kill(): void
}

export type Fork = (name: ProcessName, args: string[]) => Child

/** Forks a process in Node. Electron's fork is in index.ts. */
export const forkNode: Fork = (name, args) => {
  const child: ChildProcess = fork(outFile(name), args, {
    serialization: 'advanced',
    stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
    // Ctrl-C in a terminal goes to the whole group; the parent decides what it means for its children.
    detached: process.platform !== 'win32',
    // glibc gives threads memory of their own to allocate from, eight times as many as cores, each of which keeps what was
    // once needed there. Electron has another allocator.
    env: childEnvironment({}, { MALLOC_ARENA_MAX: '2' }),
  })
  return {
    pid: child.pid,
    post: (message) => void (child.connected && child.send(message as object)),
    onMessage: (listener) => void child.on('message', listener),
    onExit: (listener) => {
      // Where the system has no process or file to give there is not even a stream.
      const errors = child.stderr ? collectErrors(child.stderr) : () => ''
      const ended = (code: number | null, text: string) => {
        child.removeAllListeners('close')
        listener(code, text)
      }
      child.on('close', (code) => ended(code, errors()))
      // A message that comes too late fails as well, and is followed by the end of the process.
      child.on('error', (error) => child.pid === undefined && ended(null, error.message))
    },
    kill: () => void child.kill('SIGKILL'),
  }
}

/** Keeps the end of a stream's text. */
export function collectErrors(stream: NodeJS.ReadableStream): () => string {
  let text = ''
  stream.on('data', (chunk: Buffer) => (text = (text + chunk.toString()).slice(-4000)))
  return () => text.trim()
}

/**
 * Asks a process to end, and ends it where it has not within `patience` milliseconds. Answers what forgets about it, for when
 * it ended.
 */
export function endWithin(child: Pick<Child, 'kill'>, patience: number): () => void {
  const timer = setTimeout(() => child.kill(), patience)
  return () => clearTimeout(timer)
}

/**
 * Ends this process, whatever it is at, where it is still there `patience` milliseconds after its parent was gone. A thread
 * looks for the parent, since native code may hold this one for ever. In Electron utility processes end with their parent, and
 * who is started by hand has none.
 */
export function endWithParent(patience: number): void {
  if (electronPort || !process.connected) return
  const code = `const parent = ${process.ppid}
    const isThere = () => {
      if (process.platform !== 'win32') return process.ppid === parent
      try { return process.kill(parent, 0) } catch { return false }
    }
    let gone = false
    setInterval(() => {
      if (gone || isThere()) return
      gone = true
      setTimeout(() => process.kill(process.pid, 'SIGKILL'), ${patience})
    }, 1000)`
  new Worker(code, { eval: true }).unref()
}

/** The parent's side as a forked process sees it: child_process in Node, a utility process in Electron. */
export const parentPort = {
  post(message: unknown): void {
    if (electronPort) electronPort.postMessage(message)
    else if (process.connected) process.send!(message)
  },
  onMessage(listener: (message: unknown) => void): void {
    if (electronPort) electronPort.on('message', ({ data }) => listener(data))
    else process.on('message', listener)
  },
  /** The parent is gone. In Electron utility processes end with it. */
  onClose: (listener: () => void): void => void process.on('disconnect', listener),
}

interface ElectronPort {
  postMessage(message: unknown): void
  on(event: 'message', listener: (event: { data: unknown }) => void): void
}
const electronPort = (process as unknown as { parentPort?: ElectronPort }).parentPort
