import { expect, it } from 'vitest'
import { Awake } from './awake'

/** The system's blockers that are held, and an application whose processes end when it is said. */
function made() {
  const held = new Set<number>()
  let next = 0
  const awake = new Awake({
    start: () => (held.add(++next), next),
    stop: (id) => held.delete(id),
  })
  const begin = (name: Parameters<Awake['during']>[0]) => {
    let end: () => void = () => undefined
    awake.during(name, (listener) => (end = listener))
    return () => end()
  }
  return { held, awake, begin }
}

it('holds one blocker from the first process that works to the end of the last', () => {
  const { held, begin } = made()
  const endTraining = begin('training')
  const endEvaluation = begin('evaluation')
  expect(held.size).toBe(1)
  endTraining()
  expect(held.size).toBe(1)
  endEvaluation()
  expect(held.size).toBe(0)
})

it('lets the computer sleep where the person wants that, at once', () => {
  const { held, awake, begin } = made()
  const end = begin('training')
  awake.want(false)
  expect(held.size).toBe(0)
  awake.want(true)
  expect(held.size).toBe(1)
  end()
  expect(held.size).toBe(0)
})

it('lets it sleep while processes only wait for work', () => {
  const { held, begin } = made()
  begin('library')
  begin('inspector')
  expect(held.size).toBe(0)
})
