import { Option } from 'commander'
import { AppError } from '../../src-shared/errors'
import {
  allSettings,
  type Hyperparameters,
  hyperparametersSchema,
  type PresetName,
  presets,
  type Setting,
} from '../../src-shared/hyperparameters'

const flagOf = (name: string) => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)

/** A flag for each hyperparameter; booleans as --flag and --no-flag. */
export function hyperparameterOptions(): Option[] {
  return allSettings.flatMap((setting) => {
    const flag = flagOf(setting.name)
    if (setting.kind === 'boolean')
      return [
        new Option(`--${flag}`, describe(setting)),
        new Option(`--no-${flag}`, `the opposite of --${flag}`),
      ]
    const option = new Option(`--${flag} <value>`, describe(setting))
    return setting.choices ? [option.choices(setting.choices)] : [option.argParser(Number)]
  })
}

function describe({ description, unit, minimum, maximum, default: standard, paper }: Setting): string {
  const range = minimum === undefined ? '' : `, ${minimum} to ${maximum}`
  return `${description} (default ${standard}${unit ? ` ${unit}` : ''}${range}${paper ? `; paper: ${paper}` : ''})`
}

/** The preset's settings with those of the flags on top. Throws AppError bad-settings that names the flags. */
export function hyperparametersOf(preset: PresetName, options: Record<string, unknown>): Hyperparameters {
  const chosen = Object.fromEntries(
    allSettings.flatMap(({ name }) => (options[name] === undefined ? [] : [[name, options[name]]])),
  )
  const result = hyperparametersSchema.safeParse({ ...presets[preset].values, ...chosen })
  if (result.success) return result.data
  const problems = result.error.issues.map(({ path, message }) => `--${flagOf(String(path[0]))}: ${message}`)
  throw new AppError('bad-settings', problems.join('\n'), 'See `saim train --help` for the ranges.')
}
