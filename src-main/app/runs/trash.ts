import { readdir, rm, stat, utimes } from 'node:fs/promises'
import path from 'node:path'
import { AppError } from '#shared/errors'
import { dataFolder } from '#platform/paths'
import { bytesOf } from '#storage/files'
import { moveFolder } from '#storage/move'
import { isMissing } from '#storage/own-files'

/** Runs that a person removed, in a folder of the data folder. The time of each one's folder is when it came there. */
export class Trash {
  private readonly folder = path.join(dataFolder(), 'trash')

  async put(run: string): Promise<void> {
    const now = new Date()
    await utimes(await moveFolder(run, this.folder), now, now)
  }

  /** Moves the run that was removed last under an id back into a folder. Throws AppError run-missing. */
  async restore(id: string, into: string): Promise<string> {
    const [newest] = (await this.all())
      .filter(
        ({ name }) => name === id || (name.startsWith(`${id}-`) && /^\d+$/.test(name.slice(id.length + 1))),
      )
      .sort((a, b) => b.since - a.since)
    if (!newest) throw new AppError('run-missing', `The run ${id} is no longer in the trash.`)
    return moveFolder(path.join(this.folder, newest.name), into, id)
  }

  async size(): Promise<{ runs: number; bytes: number }> {
    return { runs: (await this.all()).length, bytes: await bytesOf(this.folder) }
  }

  /** Deletes what has been there for so many days; all without a number. Returns the bytes freed. */
  async empty(days = 0): Promise<number> {
    const before = await bytesOf(this.folder)
    const old = (await this.all()).filter(({ since }) => Date.now() - since >= days * 86_400_000)
    for (const { name } of old) await rm(path.join(this.folder, name), { recursive: true, force: true })
    return before - (await bytesOf(this.folder))
  }

  private async all(): Promise<{ name: string; since: number }[]> {
    const names = await readdir(this.folder).catch((error: unknown) => {
      if (isMissing(error)) return []
      throw error
    })
    return Promise.all(
      names.map(async (name) => ({ name, since: (await stat(path.join(this.folder, name))).mtimeMs })),
    )
  }
}
