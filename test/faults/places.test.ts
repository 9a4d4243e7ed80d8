import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { forkNode } from '#platform/processes'
import { loadNewestCheckpoint } from '#storage/run/checkpoint'
import { locateImages } from '#app/runs/locate'
import type { TrainingMessage } from '#jobs/train/messages'
import { readRun, runPaths, updateRun } from '#storage/run/run-folder'
import { makeImages, temporaryFolder } from '#test/helpers/runs'
import { historyOf, newestWeights, newRun, trainRun } from '#test/helpers/training'

/** Disks that are full, that can only be read, and that go away. */

function mount(folder: string, ...parameters: string[]): boolean {
  try {
    execFileSync('mount', [...parameters, folder], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}
const canMount = (() => {
  const folder = temporaryFolder()
  const can = mount(folder, '-t', 'tmpfs', '-o', 'size=1m', 'tmpfs')
  if (can) execFileSync('umount', [folder])
  else console.log('Skipped here: a full and a read-only disk need the right to mount one.')
  return can
})()
const mounted: string[] = []
afterAll(() => mounted.forEach((folder) => execFileSync('umount', ['-l', folder])))

function smallDisk(size: string): string {
  const folder = temporaryFolder()
  mount(folder, '-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs')
  mounted.push(folder)
  return folder
}

const settings = { epochs: 6, width: 64 }

describe('a run', () => {
  it.runIf(canMount)(
    'pauses on a full disk before anything is damaged, and goes on when there is room',
    async () => {
      const images = temporaryFolder()
      await makeImages(images, 16)
      const whole = await newRun(temporaryFolder(), images, settings)
      await trainRun(whole)

      const home = smallDisk('14m')
      const folder = await newRun(home, images, settings)
      const messages = await trainRun(folder)
      expect(messages.at(-1)).toMatchObject({ status: 'paused', error: { code: 'disk-full' } })
      const run = await readRun(folder)
      expect(run).toMatchObject({ status: 'paused', error: { code: 'disk-full' } })
      const saved = await loadNewestCheckpoint(folder, (step) => expect.fail(`Step ${step} is damaged.`))
      expect(saved!.state.step).toBe(run.step)
      expect(run.step).toBeGreaterThan(0)

      execFileSync('mount', ['-o', 'remount,size=64m', home])
      expect((await trainRun(folder)).at(-1)).toMatchObject({ status: 'finished' })
      expect(await newestWeights(folder)).toEqual(await newestWeights(whole))
      expect(await historyOf(folder)).toEqual(await historyOf(whole))
    },
  )

  it.runIf(canMount)('says so when the last byte is taken by somebody else in the middle', async () => {
    const images = temporaryFolder()
    await makeImages(images, 16)
    const home = smallDisk('16m')
    const folder = await newRun(home, images, { ...settings, epochs: 2000, checkpointEvery: 1000 })
    const child = forkNode('training', [folder])
    const ended = new Promise<void>((resolve) => child.onExit(() => resolve()))
    child.onMessage((data) => {
      if ((data as TrainingMessage).type !== 'started') return
      try {
        writeFileSync(path.join(home, 'filler'), Buffer.alloc(64e6))
      } catch {
        // full, as it shall be
      }
    })
    await ended
    expect(await readRun(folder)).toMatchObject({ status: 'paused', error: { code: 'disk-full' } })
    rmSync(path.join(home, 'filler'))
  })

  it.runIf(canMount)('trains on a data set that can only be read', async () => {
    const images = smallDisk('4m')
    await makeImages(images, 8)
    execFileSync('mount', ['-o', 'remount,ro', images])
    const folder = await newRun(temporaryFolder(), images, { epochs: 1 })
    expect((await trainRun(folder)).at(-1)).toMatchObject({ status: 'finished' })
  })

  it('saves what it learnt when its images go away, and goes on where they are now', async () => {
    const [images, home] = [path.join(temporaryFolder(), 'images'), temporaryFolder()]
    await makeImages(images, 32)
    const long = { epochs: 6, checkpointEvery: 100 }
    const whole = await newRun(temporaryFolder(), images, long)
    await trainRun(whole)

    const folder = await newRun(home, images, long)
    await updateRun(folder, { cache: 0 }) // images that are kept in memory would not be missed
    const child = forkNode('training', [folder])
    const ended = new Promise<void>((resolve) => child.onExit(() => resolve()))
    const elsewhere = path.join(temporaryFolder(), 'moved')
    let taken = false
    child.onMessage((data) => {
      const message = data as TrainingMessage
      if (taken || message.type !== 'progress' || message.metric.step < 3) return
      taken = true
      renameSync(images, elsewhere)
    })
    await ended
    const run = await readRun(folder)
    expect(run).toMatchObject({ status: 'failed', error: { code: 'folder-missing' } })
    const saved = await loadNewestCheckpoint(folder, (step) => expect.fail(`Step ${step} is damaged.`))
    expect(saved!.state.step).toBe((await historyOf(folder)).length)
    expect(saved!.state.step).toBeGreaterThanOrEqual(3)

    const others = temporaryFolder()
    await makeImages(others, 32, { width: 70 })
    await expect(locateImages(folder, others)).rejects.toMatchObject({ code: 'folder-missing' })
    await locateImages(folder, elsewhere)
    await trainRun(folder)
    // Images that vanished before the folder was missed were replaced by others, and the log says which.
    const log = readFileSync(runPaths(folder).log, 'utf8')
    if (!log.includes('Left out')) expect(await newestWeights(folder)).toEqual(await newestWeights(whole))
    expect((await readRun(folder)).status).toBe('finished')
  })

  it('opens on another machine: its folder was copied while it was trained', async () => {
    const images = temporaryFolder()
    await makeImages(images, 16)
    const whole = await newRun(temporaryFolder(), images)
    const there = await newRun(temporaryFolder(), images)
    await trainRun(whole)
    await trainRun(there, 2)
    // The lock of a machine that is not this one, whose heart stopped.
    const owner = { pid: 1, host: 'other', machine: 'other boot', began: '1', token: 'other' }
    writeFileSync(runPaths(there).lock, JSON.stringify(owner))
    const here = path.join(temporaryFolder(), 'runs', path.basename(there))
    mkdirSync(path.dirname(here))
    cpSync(there, here, { recursive: true })
    execFileSync('touch', ['-d', '1 hour ago', runPaths(here).lock])
    rmSync(there, { recursive: true })
    expect((await trainRun(here)).at(-1)).toMatchObject({ status: 'finished' })
    expect(await newestWeights(here)).toEqual(await newestWeights(whole))
  })
})
