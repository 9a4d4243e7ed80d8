import { Command } from 'commander'
import { expect, it } from 'vitest'
import { commandOf } from '#shared/settings/command'
import {
  allSettings,
  fromPreset,
  hyperparametersSchema,
  type PresetName,
  presets,
} from '#shared/settings/hyperparameters'
import { settingsFrom } from '#cli/support/setting-options'
import { newRunOptions } from './train'

/** What the command line makes of a command of the form. */
function read(command: string) {
  const words = [...command.matchAll(/'((?:[^']|'\\'')*)'|\S+/g)].map(
    ([word, inside]) => inside?.replaceAll("'\\''", "'") ?? word,
  )
  const parser = newRunOptions(new Command('train')).argument('[folder]').exitOverride()
  const { args } = parser.parse(words.slice(2), { from: 'user' })
  const options = parser.opts<Record<string, unknown>>()
  const { values } = presets[options['preset'] as PresetName]
  return {
    folder: args[0],
    name: options['name'],
    from: options['from'],
    hyperparameters: settingsFrom(hyperparametersSchema, allSettings, options, values),
  }
}

it.each([
  ['the preset', fromPreset('nano')],
  [
    'numbers, choices and switches',
    fromPreset('nano', { epochs: 3, order: 'raster', flip: false, shareWeights: true }),
  ],
  ['an objective that settles others', fromPreset('tiny', { objective: 'mae', maskRatio: 0.5 })],
])('the command of the form makes the same run: %s', (_name, hyperparameters) => {
  const preset = hyperparameters.objective === 'mae' ? 'tiny' : 'nano'
  const order = { folder: "/photos/Anna's cats", preset, hyperparameters, name: 'Cats 1' } as const
  const from = { run: 'other', step: 28 }
  expect(read(commandOf({ ...order, from }))).toEqual({
    folder: order.folder,
    name: order.name,
    from: 'other@28',
    hyperparameters,
  })
})

it('names only what differs from the preset', () => {
  const order = {
    folder: '/photos',
    preset: 'nano',
    hyperparameters: fromPreset('nano', { epochs: 40 }),
  } as const
  expect(commandOf(order)).toBe('saim train /photos --preset nano --epochs 40')
  const cluster = { launcher: 'ray', workers: 4, address: 'ray://head:10001' } as const
  expect(commandOf({ ...order, cluster })).toBe(
    'saim cluster /photos --preset nano --launcher ray --workers 4 --address ray://head:10001 --epochs 40',
  )
})
