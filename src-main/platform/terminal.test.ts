import { afterEach, expect, it, vi } from 'vitest'
import { guardConsole, printable } from './terminal'

afterEach(() => vi.restoreAllMocks())

it('writes out what a terminal would obey', () => {
  expect(printable('\x1b]0;title\x07\x1b[2J\r.jpg')).toBe('\\u001b]0;title\\u0007\\u001b[2J\\u000d.jpg')
  expect(printable('a\u202egpj.exe \x9b31m')).toBe('a\\u202egpj.exe \\u009b31m')
  expect(printable('Émoji 😀\tin a\nline')).toBe('Émoji 😀\tin a\nline')
})

it('prints names in whatever way they come to the console', () => {
  const printed: string[] = []
  const print = (...values: unknown[]) => void printed.push(values.join(' '))
  for (const name of ['log', 'info', 'warn', 'error'] as const) console[name] = print
  guardConsole()
  console.log('left out: %s', '\x1b[31m')
  console.error(new Error('\x1b[31m'))
  console.log({ name: '\x1b[31m' }, '%s')
  expect(printed.join('')).not.toContain('\x1b')
  expect(printed[0]).toBe('%s left out: \\u001b[31m')
})
