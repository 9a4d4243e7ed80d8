import { createBirpc } from 'birpc'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import type { Dataset } from '#shared/contract'
import type { LibraryFunctions } from '#jobs/scan/process'
import type { Fork } from '#platform/processes'
import { Datasets } from './datasets'

let home: string
beforeEach(() => {
  home = mkdtempSync(path.join(tmpdir(), 'saim-test-'))
  vi.stubEnv('SAIM_HOME', home)
})
afterEach(() => {
  vi.unstubAllEnvs()
  rmSync(home, { recursive: true })
})

/** A process that reads images, as its parent sees it: each call gives what `answer` gives. */
function library(answer: (name: string) => Promise<unknown>): Fork {
  return () => {
    type Hear = (message: unknown) => void
    let toParent: Hear = () => undefined
    let toChild: Hear = () => undefined
    const functions: LibraryFunctions = { call: async (name) => ({ value: await answer(name) }) }
    createBirpc(functions, {
      post: (message) => toParent(message),
      on: (listener) => (toChild = listener),
    })
    return {
      pid: 1,
      post: (message) => toChild(message),
      onMessage: (listener) => (toParent = listener),
      onExit: () => undefined,
      kill: () => undefined,
    }
  }
}

it('goes on where what a scan found cannot be kept, and says so', async () => {
  const said = vi.spyOn(console, 'error').mockImplementation(() => undefined)
  let found: (summary: object) => void = () => undefined
  const scan = new Promise<object>((resolve) => (found = resolve))
  const told: Dataset[] = []
  const datasets = new Datasets(
    library(() => scan),
    (_name, payload) => told.push(payload as Dataset),
  )
  const images = path.join(home, 'images')
  mkdirSync(images)
  expect(await datasets.calls['datasets.add']({ folder: images as never })).toMatchObject({
    status: 'scanning',
  })
  // Nothing can be written there any more, as on a full disk.
  rmSync(path.join(home, 'datasets'), { recursive: true })
  writeFileSync(path.join(home, 'datasets'), '')
  found({ images: 3 })
  await vi.waitFor(() =>
    expect(told.at(-1)).toMatchObject({
      status: 'failed',
      error: expect.stringMatching(/datasets is there already/),
    }),
  )
  expect(said).toHaveBeenCalled()
  said.mockRestore()
})

it('keeps no record of a data set that is removed while its record is written', async () => {
  let remove: Promise<unknown> | undefined
  const datasets: Datasets = new Datasets(
    library((name) => (name === 'scan' ? Promise.resolve({ images: 3 }) : Promise.resolve())),
    (_name, payload) => {
      const { id, status } = payload as Dataset
      if (status === 'ready') remove ??= datasets.calls['datasets.remove']({ id })
    },
  )
  const images = path.join(home, 'images')
  mkdirSync(images)
  await datasets.calls['datasets.add']({ folder: images as never })
  await vi.waitFor(() => expect(remove).toBeDefined())
  await remove
  await new Promise((resolve) => setTimeout(resolve, 100))
  expect(readdirSync(path.join(home, 'datasets'))).toEqual([])
})
