import { expect, it } from 'vitest'
import { ref } from 'vue'
import { allSettings } from '#shared/settings/hyperparameters'
import { settingFilter } from './setting-filter'

const changed = ref(['epochs', 'flip'])
const filterOf = () => settingFilter(allSettings, { Changed: ({ name }) => changed.value.includes(name) })
const shown = ({ groups }: ReturnType<typeof filterOf>) =>
  groups.value.flatMap(({ settings }) => settings.map(({ name }) => name))

it('finds settings by name, by flag and by what they mean, in their groups', () => {
  const filter = filterOf()
  expect(shown(filter)).toHaveLength(allSettings.length)
  filter.query.value = 'batch size'
  expect(shown(filter)).toContain('batchSize')
  filter.query.value = '--clip-gradient'
  expect(shown(filter)).toEqual(['clipGradient'])
  filter.query.value = 'MIRROR'
  expect(filter.groups.value).toMatchObject([{ group: 'Data', settings: [{ name: 'flip' }] }])
  filter.query.value = 'no such thing'
  expect(filter.groups.value).toEqual([])
})

it('shows those of a kind, counts them, and follows what changes', () => {
  const filter = filterOf()
  expect(filter.counts.value).toEqual([{ name: 'Changed', count: 2 }])
  filter.kind.value = 'Changed'
  expect(shown(filter)).toEqual(['epochs', 'flip'])
  changed.value = ['seed']
  expect(shown(filter)).toEqual(['seed'])
})
