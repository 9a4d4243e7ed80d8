import type { Command } from 'commander'
import { describe, expect, it } from 'vitest'
import { attentionCommand } from './attention'
import { clusterCommand } from './cluster'
import { embedCommand } from './embed'
import { evaluationCommands } from './evaluate'
import { importCommand } from './import'
import { reconstructCommand } from './reconstruct'
import { resumeCommand } from './resume'
import { serveCommand } from './serve'
import { sweepCommand } from './sweep'
import { trainCommand } from './train'
import { verifyCommand } from './verify'

const commands: Command[] = [
  ...[trainCommand, clusterCommand, sweepCommand, resumeCommand, importCommand, ...evaluationCommands],
  ...[reconstructCommand, attentionCommand, embedCommand, serveCommand, verifyCommand],
]

describe.each(commands.map((command): [string, Command] => [command.name(), command]))(
  'saim %s',
  (_, command) => {
    const numbers = command.options.filter(
      ({ flags, argChoices }) => /<(n|MB|value)>/.test(flags) && !argChoices,
    )
    it('refuses in words what is no number', () => {
      expect(numbers.length).toBeGreaterThan(0)
      for (const { flags, parseArg } of numbers)
        for (const text of ['two', '', ' ', '0,0002', '1e999', 'Infinity', 'NaN', '0x1f', '1 000'])
          expect(() => parseArg!(text, undefined), `${flags} ${text}`).toThrow(/number|comma|too large/)
    })
    it('refuses counts that are none', () => {
      for (const { flags, parseArg } of numbers.filter((option) => /<(n|MB)>/.test(option.flags)))
        for (const text of ['-1', '1.5', '1e300'])
          expect(() => parseArg!(text, undefined), `${flags} ${text}`).toThrow('is not a whole number')
    })
  },
)
