import { mkdir, realpath, rename } from 'node:fs/promises'
import path from 'node:path'
import { type AppSettings, appSettings, defaultSettings, type Handlers } from '#shared/contract'
import { AppError } from '#shared/errors'
import { environment } from '#platform/environment'
import { inTurn } from '#platform/background'
import { dataFolder, runsFolder } from '#platform/paths'
import { fieldsOf } from '#storage/fields'
import { writeFileSafely } from '#storage/files'
import { isMissing, readOwn, TooLarge } from '#storage/own-files'

/** Of settings.json; files without a number are of format 1. */
const format = 1

type Stored = Record<string, unknown>

/**
 * The person's settings, in settings.json of the data folder. A setting that is missing there or has an unknown value has its
 * default; what another version wrote stays in the file.
 */
export class Settings {
  private readonly file = path.join(dataFolder(), 'settings.json')
  /** One change after the other, since each keeps what was there before. */
  private readonly inTurn = inTurn()

  /** `changed` is told what the settings are after each change. */
  constructor(private readonly changed: (settings: AppSettings) => void = () => undefined) {}

  readonly calls: Pick<Handlers, 'settings.get' | 'settings.set'> = {
    'settings.get': () => this.get(),
    'settings.set': (changes) => this.inTurn(() => this.change(changes)),
  }

  /** Throws the system’s error where there is a file that cannot be read. */
  get = async (): Promise<AppSettings> => known((await this.read()) ?? {})

  /** Throws AppError format-newer. */
  private async change(changes: Partial<AppSettings>): Promise<AppSettings> {
    const before = await this.read()
    if (typeof before?.['format'] === 'number' && before['format'] > format)
      throw new AppError(
        'format-newer',
        `The settings are of a newer version of SAIM Studio (format ${before['format']}, this one knows ${format}).`,
        'Update SAIM Studio. Nothing was changed.',
      )
    if (before === null) await rename(this.file, `${this.file}.damaged`)
    const stored = { ...before, ...changes }
    await mkdir(dataFolder(), { recursive: true })
    await writeFileSafely(this.file, JSON.stringify(stored, null, 2))
    const settings = known(stored)
    this.changed(settings)
    return settings
  }

  /** What the file holds, nothing where there is none; null where it is damaged. */
  private async read(): Promise<Stored | null> {
    // The data folder is the person's own: a link in it is meant.
    const read = realpath(this.file).then(readOwn)
    const text = await read.catch((error: unknown) => {
      if (isMissing(error)) return '{}'
      if (error instanceof TooLarge) return ''
      throw error
    })
    try {
      const stored: unknown = JSON.parse(text)
      return stored instanceof Object && !Array.isArray(stored) ? (stored as Stored) : null
    } catch {
      return null
    }
  }
}

const known = (stored: Stored): AppSettings =>
  fieldsOf(appSettings, stored, {
    ...defaultSettings,
    engine: environment.engine() ?? defaultSettings.engine,
    runsFolder: runsFolder(),
  })
