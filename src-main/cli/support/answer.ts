import type { Command } from 'commander'
import type { AppErrorData } from '#shared/errors'

/**
 * The one way in which commands speak. Their result goes to the output: as words or, with --json, as the value itself. All
 * else goes to the error stream, so that a result can be piped: what they do meanwhile, unless --quiet, and what is wrong.
 */
let manner: { json?: boolean; quiet?: boolean } = {}

/** Says what is being done. */
export const say = (text: string): void => void (manner.quiet || console.error(text))

export const isQuiet = (): boolean => manner.quiet === true

/** Says what the person must know, with --quiet too. */
export const warn = (text: string): void => console.error(text)

/**
 * Makes a command answer with what `work` returns. `words` says it for people. Of what comes bit by bit each part is printed as it
 * comes, with --json a line each.
 */
export function answers<Given extends unknown[], Value>(
  command: Command,
  work: (...given: Given) => Promise<Value> | AsyncIterable<Value>,
  words: (value: Value) => string,
): Command {
  return command
    .option('--json', 'print the result as JSON')
    .option('--quiet', 'print the result alone, and what is wrong')
    .action(async (...given) => {
      manner = command.optsWithGlobals()
      const answer = work(...(given as unknown as Given))
      if (answer instanceof Promise) return print(await answer, words)
      for await (const part of answer) print(part, words, { inLines: true })
    })
}

function print<Value>(value: Value, words: (value: Value) => string, { inLines = false } = {}): void {
  console.log(manner.json ? JSON.stringify(value, null, inLines ? 0 : 2) : words(value))
}

/** Of a command that has no result what is wrong, for programs: whoever asked for JSON may have asked for something wrong too. */
export function answerError(error: AppErrorData): void {
  if (process.argv.includes('--json')) console.log(JSON.stringify({ error }, null, 2))
}

/** Lines as one text; those that are null or false are left out. */
export const lines = (...all: (string | null | false | undefined)[]): string => all.filter(Boolean).join('\n')

type Cell = string | number | null | undefined

/** Rows below the names of their columns, for eyes and for programs alike: at least two spaces lie between columns. */
export function table(rows: Record<string, Cell>[]): string {
  const names = [...new Set(rows.flatMap((row) => Object.keys(row)))]
  const text = (cell: Cell) => String(cell ?? '')
  const widths = names.map((name) => Math.max(name.length, ...rows.map((row) => text(row[name]).length)))
  const line = (cells: Cell[]) =>
    cells
      .map((cell, c) => text(cell)[typeof cell === 'number' ? 'padStart' : 'padEnd'](widths[c]!))
      .join('  ')
      .trimEnd()
  return [line(names), ...rows.map((row) => line(names.map((name) => row[name])))].join('\n')
}
