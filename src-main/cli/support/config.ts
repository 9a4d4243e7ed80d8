import { readFile } from 'node:fs/promises'
import { type Command, InvalidArgumentError, Option } from 'commander'
import { parse, YAMLParseError } from 'yaml'
import { AppError } from '#shared/errors'
import { nearest } from '#shared/nearest'

/**
 * `--config`: a file of YAML with what could be given as flags and arguments, by their names without dashes. What stands on the
 * command line goes before it.
 */
export function configOption(command: Command): Option {
  command.hook('preAction', async (_, asked) => {
    const file = asked.getOptionValue('config') as string | undefined
    if (file !== undefined) take(asked, file, await readConfig(file))
  })
  return new Option('--config <file>', 'settings from a file of YAML, as `saim config` prints it')
}

async function readConfig(file: string): Promise<Record<string, unknown>> {
  const text = await readFile(file, 'utf8')
  try {
    const values: unknown = parse(text)
    if (values instanceof Object && !Array.isArray(values)) return values as Record<string, unknown>
  } catch (error) {
    if (!(error instanceof YAMLParseError)) throw error
    throw wrong(file, error.message)
  }
  throw wrong(file, 'it has no lines such as "epochs: 100"')
}

/** Gives a command what a file says, as if it stood on the command line. Throws AppError bad-settings. */
function take(command: Command, file: string, values: Record<string, unknown>): void {
  const options = command.options.filter(({ long, negate }) => !negate && long !== '--config')
  const names = [
    ...options.map(({ long }) => long!.slice(2)),
    ...command.registeredArguments.map((argument) => argument.name()),
  ]
  for (const [name, value] of Object.entries(values)) {
    const place = command.registeredArguments.findIndex((argument) => argument.name() === name)
    const option = options.find(({ long }) => long === `--${name}`)
    if (place >= 0) command.processedArgs[place] ??= valueOf(file, name, value)
    else if (option) {
      const key = option.attributeName()
      const source = command.getOptionValueSource(key)
      if (source === undefined || source === 'default')
        command.setOptionValueWithSource(key, valueOf(file, name, value, option), 'config')
    } else {
      const meant = nearest(name, names)
      throw wrong(file, `there is no setting "${name}"`, meant && `Did you mean ${meant}?`)
    }
  }
}

function valueOf(file: string, name: string, value: unknown, option?: Option): unknown {
  const isSwitch = option?.isBoolean() ?? false
  if (isSwitch ? typeof value !== 'boolean' : !['string', 'number'].includes(typeof value))
    throw wrong(file, `${name} is ${isSwitch ? 'neither true nor false' : 'no number and no text'}`)
  if (isSwitch || !option?.parseArg) return isSwitch ? value : String(value)
  try {
    return option.parseArg(String(value), undefined)
  } catch (error) {
    if (error instanceof InvalidArgumentError) throw wrong(file, `${name}: ${error.message}`)
    throw error
  }
}

const wrong = (file: string, problem: string, advice?: string) =>
  new AppError('bad-settings', `${file}: ${problem}.`.replace(/\.\.$/, '.'), advice)
