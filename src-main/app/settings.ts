import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { type AppSettings, appSettings, type Handlers } from '#shared/contract'
import { dataFolder, runsFolder } from '#platform/paths'
import { writeFileSafely } from '#storage/files'
import { mkdir } from 'node:fs/promises'

/** The person's settings, in settings.json of the data folder. Damaged settings are the defaults. */
export class Settings {
  private readonly file = path.join(dataFolder(), 'settings.json')

  readonly calls: Pick<Handlers, 'settings.get' | 'settings.set'> = {
    'settings.get': () => this.get(),
    'settings.set': async (changes) => {
      const settings = appSettings.parse({ ...(await this.get()), ...changes })
      await mkdir(dataFolder(), { recursive: true })
      await writeFileSafely(this.file, JSON.stringify(settings, null, 2))
      return settings
    },
  }

  async get(): Promise<AppSettings> {
    const stored = await readFile(this.file, 'utf8')
      .then(JSON.parse)
      .catch(() => ({}))
    return appSettings
      .catch(() => appSettings.parse({ runsFolder: runsFolder() }))
      .parse({
        runsFolder: runsFolder(),
        ...stored,
      })
  }
}
