import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import type { Dataset, Notification, Run } from '#shared/contract'
import { Notifications } from './notifications'

const home = vi.hoisted(() => ({ folder: '' }))
vi.mock('#platform/paths', () => ({ dataFolder: () => home.folder }))

let emitted: string[]
let outside: Notification[]
const open = () =>
  new Notifications(
    (name) => emitted.push(name),
    (told) => outside.push(told),
  )
beforeEach(() => {
  home.folder = mkdtempSync(path.join(tmpdir(), 'saim-notifications-'))
  emitted = []
  outside = []
})
afterEach(() => rmSync(home.folder, { recursive: true }))

const told = { kind: 'info', about: null, text: 'Freed 95 MB', advice: null, to: null } as const
const run = (changes: Partial<Run>) =>
  ({ id: 'a', name: 'Emoji nano', status: 'running', stalledSeconds: null, error: null, ...changes }) as Run

it('keeps what was told over a restart, newest first, until it is removed', async () => {
  await open().calls['notifications.add'](told)
  await open().calls['notifications.add']({ ...told, text: 'Freed 1 GB' })
  const again = open()
  expect((await again.calls['notifications.see']()).map(({ text, seen }) => [text, seen])).toEqual([
    ['Freed 1 GB', true],
    ['Freed 95 MB', true],
  ])
  const [newest] = await again.calls['notifications.list']()
  expect((await again.calls['notifications.remove']({ id: newest!.id })).length).toBe(1)
  expect(await again.calls['notifications.remove']({ id: null })).toEqual([])
})

it('begins anew where its file is damaged', async () => {
  writeFileSync(path.join(home.folder, 'notifications.json'), '[{"id":')
  expect((await open().calls['notifications.add'](told)).length).toBe(1)
})

it('tells the end of a run once, here and outside, but not what rested before', async () => {
  const notifications = open()
  const all = () => notifications.calls['notifications.list']()
  notifications.hear('runs.changed', run({ status: 'finished' }))
  notifications.hear('runs.changed', run({ status: 'finished', notes: 'good' }))
  notifications.hear('runs.changed', run({ id: 'b' }))
  notifications.hear('runs.changed', run({ id: 'b', stalledSeconds: 180 }))
  notifications.hear('runs.changed', run({ id: 'b', stalledSeconds: 190 }))
  notifications.hear(
    'runs.changed',
    run({ id: 'b', status: 'failed', error: { code: 'out-of-memory', message: 'No memory.' } }),
  )
  notifications.hear('runs.changed', run({ id: 'b', status: 'failed' }))
  await vi.waitFor(async () => expect((await all()).length).toBe(2))
  expect((await all()).map(({ about, text, advice, to }) => ({ about, text, advice, to }))).toEqual([
    { about: 'Emoji nano', text: 'failed', advice: 'No memory.', to: '/runs/b' },
    {
      about: 'Emoji nano',
      text: 'is stuck',
      advice: 'No step for 3 min. The process is alive.',
      to: '/runs/b',
    },
  ])
  expect(outside.length).toBe(2)
  expect(emitted.filter((name) => name === 'notifications.told').length).toBe(2)
})

it('tells in the window alone that a data set was scanned', async () => {
  const notifications = open()
  const dataset = { id: 'd-1', name: 'Food', images: 12_904 } as Dataset
  notifications.hear('datasets.changed', { ...dataset, status: 'scanning' })
  notifications.hear('datasets.changed', { ...dataset, status: 'ready' })
  await vi.waitFor(async () =>
    expect(await notifications.calls['notifications.list']()).toMatchObject([
      { about: 'Food', text: 'scanned: 12,904 images', to: '/datasets/d-1' },
    ]),
  )
  expect(outside).toEqual([])
})
