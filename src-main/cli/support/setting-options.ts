import { Option } from 'commander'
import type { z } from 'zod'
import { AppError } from '#shared/errors'
import { flagOf } from '#shared/settings/flags'
import type { Setting } from '#shared/settings/schema'
import { anyNumber } from './options'

/** A flag for each setting; booleans as --flag and --no-flag. */
export function settingOptions(settings: Setting[]): Option[] {
  return settings.flatMap((setting) => {
    const flag = flagOf(setting.name)
    if (setting.kind === 'boolean')
      return [
        new Option(`--${flag}`, describe(setting)),
        new Option(`--no-${flag}`, `the opposite of --${flag}`),
      ]
    const option = new Option(`--${flag} <value>`, describe(setting))
    return setting.choices ? [option.choices(setting.choices)] : [option.argParser(anyNumber)]
  })
}

function describe({ description, unit, minimum, maximum, default: standard, paper }: Setting): string {
  const range = minimum === undefined ? '' : `, ${minimum} to ${maximum}`
  return `${description} (default ${standard}${unit ? ` ${unit}` : ''}${range}${paper ? `; paper: ${paper}` : ''})`
}

/** The settings that flags gave. */
export const chosenSettings = (settings: Setting[], options: Record<string, unknown>) =>
  Object.fromEntries(
    settings.flatMap(({ name }) => (options[name] === undefined ? [] : [[name, options[name]]])),
  )

/** `defaults` with the settings of the flags on top. Throws AppError bad-settings that names the flags. */
export function settingsFrom<S extends z.ZodType>(
  schema: S,
  settings: Setting[],
  options: Record<string, unknown>,
  defaults: z.input<S>,
): z.output<S> {
  const result = schema.safeParse({ ...(defaults as object), ...chosenSettings(settings, options) })
  if (result.success) return result.data
  const problems = result.error.issues.map(({ path, message }) => `--${flagOf(String(path[0]))}: ${message}`)
  throw new AppError('bad-settings', problems.join('\n'), 'See --help for the ranges.')
}
