import type { Command } from 'commander'
import { describe, expect, it } from 'vitest'
import { program } from './program'
import { pathsBelow } from './support/commands'

const commands = pathsBelow(program)
  .slice(1)
  .map(({ words, command }): [string, Command] => [words.join(' '), command])

describe.each(commands)('%s', (_, command) => {
  // `answers` gives both, with the one way to print.
  it('answers in JSON and quietly', () => {
    const flags = command.options.map(({ long }) => long)
    expect(flags).toEqual(expect.arrayContaining(['--json', '--quiet']))
  })

  const numbers = command.options.filter(
    ({ flags, argChoices }) => /<(n|MB|value)>/.test(flags) && !argChoices,
  )
  it('refuses in words what is no number', () => {
    for (const { flags, parseArg } of numbers)
      for (const text of ['two', '', ' ', '0,0002', '1e999', 'Infinity', 'NaN', '0x1f', '1 000'])
        expect(() => parseArg!(text, undefined), `${flags} ${text}`).toThrow(/number|comma|too large/)
  })

  it('refuses counts that are none', () => {
    for (const { flags, parseArg } of numbers.filter((option) => /<(n|MB)>/.test(option.flags)))
      for (const text of ['-1', '1.5', '1e300'])
        expect(() => parseArg!(text, undefined), `${flags} ${text}`).toThrow('is not a whole number')
  })
})

it('has flags for numbers at most commands, which the tests above look at', () => {
  const flags = commands.flatMap(([, command]) => command.options.map((option) => option.flags))
  expect(flags.filter((each) => /<(n|MB|value)>/.test(each)).length).toBeGreaterThan(200)
})
