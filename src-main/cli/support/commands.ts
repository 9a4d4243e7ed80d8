import type { Command } from 'commander'

/** A command with the words that lead to it: none to `saim` itself. */
export interface CommandPath {
  words: string[]
  command: Command
}

/** A command, and all below it. */
export const pathsBelow = (command: Command, words: string[] = []): CommandPath[] => [
  { words, command },
  ...command.commands.flatMap((each) => pathsBelow(each, [...words, each.name()])),
]
