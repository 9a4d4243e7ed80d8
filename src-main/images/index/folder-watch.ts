import { existsSync, type FSWatcher, watch } from 'node:fs'
import path from 'node:path'
import { isImageName } from './files'

/** Changes come in bursts: how long to gather them, in milliseconds. */
const patience = 1000

/** How often a folder that is gone is looked for, in milliseconds. */
const returnChecks = 2000

// Linux watches folders one by one; other systems watch all that is below one.
const recursive = process.platform !== 'linux'

/** Reports that images or folders below a folder were added, removed or changed. It watches folders, not files. */
export class FolderWatch {
  private readonly watchers = new Map<string, FSWatcher>()
  private timer: NodeJS.Timeout | null = null

  private return: NodeJS.Timeout | null = null

  constructor(
    private readonly root: string,
    private readonly onChange: () => void,
  ) {}

  /** The top folder comes first. Folders beyond the system's limit of watches are ignored. */
  add(folder: string): void {
    if (this.watchers.has(folder) || (recursive && this.watchers.size > 0)) return
    try {
      const watcher = watch(folder, { recursive, persistent: false }, (_, name) => this.onEvent(name))
      watcher.on('error', () => this.leave(folder))
      this.watchers.set(folder, watcher)
    } catch {
      return
    }
  }

  /** Stops watching all folders but these. Where there is none, the top folder is gone: its return is a change. */
  keep(folders: Set<string>): void {
    if (folders.size === 0) this.awaitReturn()
    for (const folder of this.watchers.keys()) if (!folders.has(folder)) this.leave(folder)
  }

  close(): void {
    for (const folder of this.watchers.keys()) this.leave(folder)
    if (this.return) clearInterval(this.return)
    if (this.timer) clearTimeout(this.timer)
  }

  private awaitReturn(): void {
    this.return ??= setInterval(() => {
      if (!existsSync(this.root)) return
      clearInterval(this.return!)
      this.return = null
      this.onChange()
    }, returnChecks).unref()
  }

  private leave(folder: string): void {
    this.watchers.get(folder)?.close()
    this.watchers.delete(folder)
  }

  private onEvent(name: string | null): void {
    // A name without an extension may be a folder.
    if (this.timer || (name && path.extname(name) && !isImageName(name))) return
    this.timer = setTimeout(() => {
      this.timer = null
      this.onChange()
    }, patience)
  }
}
