import { type FSWatcher, watch } from 'node:fs'
import path from 'node:path'
import { isImageName } from './files'

/** Changes come in swarms: how long to gather them, in milliseconds. */
const patience = 1000

// Linux watches folders one by one; other systems watch all that is below one.
const recursive = process.platform !== 'linux'

/** Hears that images or folders come, go or change below a folder. It watches folders, not files. */
export class FolderWatch {
  private readonly watchers = new Map<string, FSWatcher>()
  private timer: NodeJS.Timeout | null = null

  constructor(private readonly onChange: () => void) {}

  /** The top folder comes first. Those that the system does not watch, since they are too many, are left. */
  add(folder: string): void {
    if (this.watchers.has(folder) || (recursive && this.watchers.size > 0)) return
    try {
      const watcher = watch(folder, { recursive, persistent: false }, (_, name) => this.hear(name))
      watcher.on('error', () => this.leave(folder))
      this.watchers.set(folder, watcher)
    } catch {
      return
    }
  }

  /** Leaves all folders but these. */
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

  private hear(name: string | null): void {
    // What has no ending may be a folder.
    if (this.timer || (name && path.extname(name) && !isImageName(name))) return
    this.timer = setTimeout(() => {
      this.timer = null
      this.onChange()
    }, patience)
  }
}
