import { type FSWatcher, watch } from 'node:fs'
import path from 'node:path'
import { isImageName } from './files'

/** Changes come in bursts: how long to gather them, in milliseconds. */
const patience = 1000

// Linux watches folders one by one; other systems watch all that is below one.
const recursive = process.platform !== 'linux'

/** Reports that images or folders below a folder were added, removed or changed. It watches folders, not files. */
export class FolderWatch {
  private readonly watchers = new Map<string, FSWatcher>()
  private timer: NodeJS.Timeout | null = null

  constructor(private readonly onChange: () => void) {}

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

  /** Stops watching all folders but these. */
  keep(folders: Set<string>): void {
    for (const folder of this.watchers.keys()) if (!folders.has(folder)) this.leave(folder)
  }

  close(): void {
    this.keep(new Set())
    if (this.timer) clearTimeout(this.timer)
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
