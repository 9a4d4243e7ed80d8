import { expect, it } from 'vitest'
import { cacheChoices, threadChoices, trashChoices } from './choices'
import { fits, settingRows } from './rows'

const titles = (choices: { title: string }[]) => choices.map(({ title }) => title)

it('offers a thread for each core, and what is set already', () => {
  expect(titles(threadChoices(2, 0))).toEqual(['Automatic', '1 thread', '2 threads'])
  expect(titles(threadChoices(2, 12))).toEqual(['Automatic', '1 thread', '2 threads', '12 threads'])
})

it('offers no more memory than there is', () => {
  expect(titles(cacheChoices(3e9, null))).toEqual([
    'A quarter of free memory',
    'None',
    '500 MB',
    '1.0 GB',
    '2.0 GB',
  ])
  expect(titles(cacheChoices(1e9, 300)).at(-1)).toBe('300 MB')
})

it('keeps the trash for days or for ever', () => {
  expect(titles(trashChoices(30))).toEqual([
    'After 1 day',
    'After 7 days',
    'After 30 days',
    'After 90 days',
    'Never',
  ])
})

it('finds settings by title, hint and section', () => {
  const found = (query: string) => settingRows.filter((row) => fits(row, query)).map(({ id }) => id)
  expect(found('decod')).toEqual(['decoders', 'cache'])
  expect(found(' STORAGE ')).toEqual(['runsFolder', 'trashDays'])
  expect(found('')).toHaveLength(settingRows.length)
})
