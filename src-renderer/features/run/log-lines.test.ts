import { expect, it } from 'vitest'
import { foundLines, logLines } from './log-lines'

const log = [
  '2026-11-28T20:04:41.356Z Starts: 280 steps.',
  '2026-11-28T20:05:37.898Z Saved the checkpoint of step 140, 47 MB; training loss 0.612.',
  '2026-11-28T20:05:38.100Z Left out cats/torn.jpg: damaged.',
  '2026-11-28T20:06:00.000Z Ended: The engine failed.',
  '    at run (session.js:1)',
  '',
].join('\n')
const texts = (...wanted: Parameters<typeof foundLines>) => foundLines(...wanted).map(({ text }) => text)

it('reads the lines of a log with their time and kind; what stands below a line is of its kind', () => {
  const lines = logLines(log)
  expect(lines.map(({ kind }) => kind)).toEqual(['other', 'checkpoint', 'warning', 'warning', 'warning'])
  expect(lines[0]!.at).toMatch(/^\d\d:04:41$/)
  expect(lines[4]).toEqual({ at: '', text: '    at run (session.js:1)', kind: 'warning' })
})

it('filters by kind and finds text in any case', () => {
  const lines = logLines(log)
  expect(foundLines(lines, 'All', '')).toHaveLength(5)
  expect(texts(lines, 'Checkpoints', '')).toEqual([lines[1]!.text])
  expect(texts(lines, 'Warnings', 'TORN')).toEqual(['Left out cats/torn.jpg: damaged.'])
  expect(foundLines(lines, 'Checkpoints', 'torn')).toEqual([])
})
