import { expect, it } from 'vitest'
import type { Run } from '#shared/contract'
import { StallWatch } from './stall'

/** A run whose steps take half a second. */
const runAt = (step: number, seams = 0) =>
  ({
    id: 'run',
    step,
    seams: Array(seams),
    latest: { imagesPerSecond: 16 },
    hyperparameters: { batchSize: 8, accumulation: 1 },
  }) as unknown as Run

function watchFor(watch: StallWatch, seconds: number, from: number, run: Run): number | null {
  let seen: number | null = null
  for (let now = from; now <= from + seconds; now += 0.5) {
    watch.tick(now)
    seen = watch.see(run)
  }
  return seen
}

it('reports a run that stopped taking steps, and no more once it takes one', () => {
  const watch = new StallWatch()
  watchFor(watch, 1, 0, runAt(1))
  expect(watchFor(watch, 110, 1.5, runAt(2))).toBeNull()
  expect(watchFor(watch, 30, 112, runAt(2))).toBeGreaterThan(120)
  watch.tick(143)
  expect(watch.see(runAt(3))).toBeNull()
})

it('does not take the sleep of the machine for a hanging run', () => {
  const watch = new StallWatch()
  watchFor(watch, 1, 0, runAt(1))
  watchFor(watch, 10, 1.5, runAt(2))
  expect(watchFor(watch, 10, 8 * 3600, runAt(2))).toBeNull()
})

it('gives the first step of a session the time to build its graph', () => {
  const watch = new StallWatch()
  expect(watchFor(watch, 300, 0, runAt(5, 1))).toBeNull()
  expect(watchFor(watch, 400, 300, runAt(5, 1))).toBeGreaterThan(600)
})
