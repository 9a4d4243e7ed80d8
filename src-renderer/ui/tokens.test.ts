import { describe, expect, it } from 'vitest'
import { series, type Token, tokens } from './tokens'

/** Relative luminance of WCAG 2.1 of a colour #rrggbb. */
function luminance(colour: string): number {
  const [red, green, blue] = [1, 3, 5].map((at) => {
    const value = parseInt(colour.slice(at, at + 2), 16) / 255
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4
  }) as [number, number, number]
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}

const surfaces: Token[] = ['canvas', 'nav', 'surface', 'raised', 'sunken']
const onAll = (names: Token[], least: number) =>
  names.flatMap((name) => surfaces.map((ground) => ({ name, ground, least })))

/** What stands on what, and the least contrast that WCAG and the design ask of it. */
const pairs: { name: Token; ground: Token; least: number }[] = [
  ...onAll(['text'], 7),
  ...onAll(['text-2', 'text-3', 'accent-text', 'ok', 'warn', 'bad', 'info'], 4.5),
  ...(['ok', 'warn', 'bad', 'info'] as const).map((name) => ({
    name,
    ground: `${name}-soft` as Token,
    least: 4.5,
  })),
  { name: 'accent-text', ground: 'accent-soft', least: 4.5 },
  { name: 'on-accent', ground: 'accent', least: 4.5 },
  { name: 'on-accent', ground: 'accent-hover', least: 4.5 },
  ...[...series, 'edge' as const].map((name) => ({ name, ground: 'surface' as const, least: 3 })),
]

describe.each(['light', 'dark'] as const)('the %s theme', (theme) => {
  it.each(pairs)('$name on $ground has a contrast of at least $least', ({ name, ground, least }) => {
    const [lighter, darker] = [tokens[theme][name], tokens[theme][ground]]
      .map(luminance)
      .sort((a, b) => b - a) as [number, number]
    expect((lighter + 0.05) / (darker + 0.05)).toBeGreaterThanOrEqual(least)
  })
})
