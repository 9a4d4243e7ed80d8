import { expect, it } from 'vitest'
import { marked, ranked } from './ranking'

const titles = [
  'From Emoji tiny',
  'Emoji nano',
  'Remove duplicates',
  'Emoji tiny, 100 epochs',
  'Street scenes',
]
const entries = titles.map((title) => ({ id: title, title }))
const search = (query: string, used: Record<string, number> = {}) =>
  ranked(entries, query, (id) => used[id] ?? 0).map(({ title }) => title)

it('takes titles that begin with it, then words that do, then those that have it inside', () => {
  expect(search('emo')).toEqual([
    'Emoji nano',
    'Emoji tiny, 100 epochs',
    'From Emoji tiny',
    'Remove duplicates',
  ])
})

it('ranks what fits alike by recency, which does not outdo a better fit', () => {
  const used = { 'Emoji tiny, 100 epochs': 2, 'Remove duplicates': 9 }
  expect(search('emo', used)).toEqual([
    'Emoji tiny, 100 epochs',
    'Emoji nano',
    'From Emoji tiny',
    'Remove duplicates',
  ])
})

it('wants every word, in any order and case', () => {
  expect(search('tiny EMOJI')).toEqual(['From Emoji tiny', 'Emoji tiny, 100 epochs'])
  expect(search('tiny scenes')).toEqual([])
  expect(search('')).toEqual(titles)
})

it('marks what was typed', () => {
  expect(marked('Train on Emoji', 'emo tr')).toEqual([
    { text: 'Tr', hit: true },
    { text: 'ain on ', hit: false },
    { text: 'Emo', hit: true },
    { text: 'ji', hit: false },
  ])
})
