import { expect, it } from 'vitest'
import { choose } from './choose'

const image = (path: string, of: number, confidence: number) => ({ path, class: of, confidence })
const prediction = {
  ...{ id: 'p', folder: '/new', classes: ['cat', 'dog'], unreadable: [], seconds: 1 },
  images: [image('a', 0, 0.95), image('b', 1, 0.7), image('c', 0, 0.5), image('d', 1, 0.55)],
}
const pathsOf = (...wanted: Parameters<typeof choose>[1][]) =>
  wanted.map((one) => choose(prediction, one).map(({ path }) => path).join('')) // prettier-ignore

it('shows images by class and, of those that are not sure, the least sure first', () => {
  expect(
    pathsOf(
      { class: null, confidence: 'all' },
      { class: 1, confidence: 'all' },
      { class: null, confidence: 'unsure' },
      { class: null, confidence: 'doubtful' },
      { class: 1, confidence: 'doubtful' },
    ),
  ).toEqual(['abcd', 'bd', 'cdb', 'cd', 'd'])
  expect(choose(prediction, { class: 1, confidence: 'doubtful' })[0]).toEqual({
    ...{ id: '3', place: 3, path: 'd', class: 'dog', confidence: 0.55 },
  })
})
