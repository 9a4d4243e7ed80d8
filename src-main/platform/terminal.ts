import { format } from 'node:util'

/** What a terminal would obey rather than show: control characters, and those that turn the direction of a line. */
const obeyed = /[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu

/** Text with such characters written out, as \u001b: names of files and of classes are anybody's. */
export const printable = (text: string): string =>
  text.replace(obeyed, (character) =>
    character === '\n' || character === '\t'
      ? character
      : `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )

/** Has the console print nothing but text. */
export function guardConsole(): void {
  for (const name of ['log', 'info', 'warn', 'error'] as const) {
    const print = console[name].bind(console)
    console[name] = (...values: unknown[]) => print('%s', printable(format(...values)))
  }
}
