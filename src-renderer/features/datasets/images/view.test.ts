import { expect, it } from 'vitest'
import { filterOf, queryOf, unfiltered, viewOf } from './view'

it('reads back what it wrote into an address', () => {
  const view = {
    ...viewOf({}),
    classes: ['animals', ''],
    problems: ['near' as const],
    text: 'flag',
    from: 0.25,
    sort: 'loss' as const,
    similar: ['a b/c.png'],
    run: 'a-run',
    step: 672,
    image: 'a b/d.png',
  }
  const query = JSON.parse(JSON.stringify(queryOf(view)), (_, value) =>
    typeof value === 'number' ? String(value) : value,
  )
  expect(viewOf(query)).toEqual(view)
  expect(queryOf(viewOf({}))).toEqual({})
})

it('takes nothing from an address that is no view', () => {
  expect(viewOf({ problem: ['x', 'small'], sort: 'up', step: 'NaN', split: [null] })).toEqual({
    ...viewOf({}),
    problems: ['small'],
  })
})

it('asks only for the parts that are given', () => {
  const view = viewOf({ class: 'animals', run: 'a-run', step: '3', to: '0.5' })
  expect(filterOf(view, null)).toEqual({
    classes: ['animals'],
    checkpoint: { run: 'a-run', step: 3 },
    loss: { from: -Number.MAX_VALUE, to: 0.5 },
  })
  expect(filterOf({ ...view, ...unfiltered, run: null }, ['a.png'])).toEqual({ paths: ['a.png'] })
})
