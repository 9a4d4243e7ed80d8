import { Argument, Command, type Option } from 'commander'
import { runsFolder } from '#platform/paths'
import { answers } from '#cli/support/answer'
import { type CommandPath, pathsBelow } from '#cli/support/commands'

const shells = { bash, zsh, fish }

export const completionCommand = answers(
  new Command('completion')
    .description(
      'print what has a shell complete commands, flags and runs; in bash: source <(saim completion bash)',
    )
    .addArgument(new Argument('<shell>').choices(Object.keys(shells))),
  // Commander hands over the options and the command behind the arguments.
  async (shell: keyof typeof shells, _options: object, own: Command) => ({
    script: shells[shell](pathsBelow(own.parent!)),
  }),
  ({ script }) => script,
)

/** What the value of a flag may be. */
function valuesOf({ flags, argChoices }: Option): 'choices' | 'folders' | 'files' | 'any' | 'none' {
  if (argChoices) return 'choices'
  if (!/[<[]/.test(flags)) return 'none'
  return /<folder/.test(flags) ? 'folders' : /<file/.test(flags) ? 'files' : 'any'
}

const namesOf = (commands: readonly Command[]) => commands.map((command) => command.name()).join(' ')
/** Text as a word of a shell. */
const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`

function bash(paths: CommandPath[]): string {
  const reply = (words: string) => `COMPREPLY=($(compgen ${words} -- "$cur"))`
  const values = paths.flatMap(({ words, command }) =>
    command.options.flatMap((option) => {
      const kinds = {
        choices: `-W ${quoted(option.argChoices?.join(' ') ?? '')}`,
        folders: '-d',
        files: '-f',
      }
      const kind = valuesOf(option)
      if (kind === 'none') return []
      return `    ${quoted(`${words.join(' ')}:${option.long}`)}) ${kind === 'any' ? 'COMPREPLY=()' : reply(kinds[kind])}; return ;;`
    }),
  )
  return [
    '_saim() {',
    '  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} path= flags= words= i',
    '  for ((i = 1; i < COMP_CWORD; i++)); do',
    '    case "$path/${COMP_WORDS[i]}" in',
    ...paths.slice(1).map(({ words }) => {
      const last = words.at(-1)!
      return `      ${quoted(`${words.slice(0, -1).join(' ')}/${last}`)}) path=${quoted(words.join(' '))} ;;`
    }),
    '    esac',
    '  done',
    '  case "$path:$prev" in',
    ...values,
    '  esac',
    '  case "$path" in',
    ...paths.map(
      ({ words, command }) =>
        `    ${quoted(words.join(' '))}) flags=${quoted(command.options.map(({ long }) => long).join(' '))} words=${quoted(namesOf(command.commands))} ;;`,
    ),
    '  esac',
    `  if [[ $cur == -* ]]; then ${reply('-W "$flags"')}`,
    `  elif [[ -z $path ]]; then ${reply('-W "$words"')}`,
    `  else ${reply(`-f -W "$words $(command ls ${quoted(runsFolder())} 2>/dev/null)"`)}; fi`,
    '}',
    'complete -o filenames -F _saim saim',
  ].join('\n')
}

function zsh(paths: CommandPath[]): string {
  return `autoload -U +X compinit && compinit\nautoload -U +X bashcompinit && bashcompinit\n${bash(paths)}`
}

function fish(paths: CommandPath[]): string {
  const at = (words: string[]) =>
    quoted(
      words.length
        ? words.map((word) => `__fish_seen_subcommand_from ${word}`).join('; and ')
        : '__fish_use_subcommand',
    )
  return paths
    .flatMap(({ words, command }) => [
      ...command.commands.map(
        (each) =>
          `complete -c saim -n ${at(words)} ${words.length ? '' : '-f '}-a ${each.name()} -d ${quoted(each.description())}`,
      ),
      ...command.options.map((option) => {
        const kinds = {
          ...{ none: '', any: ' -x', files: ' -r', folders: " -x -a '(__fish_complete_directories)'" },
          choices: ` -x -a ${quoted(option.argChoices?.join(' ') ?? '')}`,
        }
        return `complete -c saim -n ${at(words)} -l ${option.long!.slice(2)} -d ${quoted(option.description)}${kinds[valuesOf(option)]}`
      }),
      ...(command.registeredArguments.some((argument) => /^runs?$/.test(argument.name()))
        ? [`complete -c saim -n ${at(words)} -a '(command ls ${runsFolder()} 2>/dev/null)'`]
        : []),
    ])
    .join('\n')
}
