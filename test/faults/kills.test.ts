import { spawn, spawnSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { beforeAll, describe, expect, it } from 'vitest'
import { forkNode } from '#platform/processes'
import { checkpointSteps, loadNewestCheckpoint } from '#storage/run/checkpoint'
import { lockOwner } from '#storage/lock'
import type { TrainingMessage } from '#jobs/train/messages'
import { readRun, runPaths, updateRun } from '#storage/run/run-folder'
import { makeImages, temporaryFolder } from '#test/helpers/runs'
import { historyOf, newestWeights, newRun, trainRun } from '#test/helpers/training'

/**
 * kill -9 at random moments. Each run must come to the same end, to the last bit, as one that nobody killed, and what
 * was told to be saved must still be there after each kill. FAULTS=200 sets how many kills of each kind are tried.
 */
const kills = Number(process.env['FAULTS'] ?? 4)
const settings = { batchSize: 8, epochs: 12, width: 16, depth: 1, queryDepth: 1 }
const images = temporaryFolder()
const home = temporaryFolder()
let whole: { history: string[]; end: Awaited<ReturnType<typeof newestWeights>> }

beforeAll(async () => {
  await makeImages(images, 24)
  const folder = await newRun(temporaryFolder(), images, settings)
  await trainRun(folder)
  whole = { history: await historyOf(folder), end: await newestWeights(folder) }
})

const random = (limit: number) => Math.random() * limit
const sleep = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds))

const hasTemporary = (folder: string) =>
  [runPaths(folder).checkpoints, runPaths(folder).reconstructionsRoot].some(
    (place) => existsSync(place) && readdirSync(place).some((name) => name.endsWith('.tmp')),
  )

/** Nothing that was told to be saved is lost, and nothing is shown that the whole run does not have. */
async function expectNothingLost(folder: string, saved: number): Promise<void> {
  await readRun(folder)
  const steps = await checkpointSteps(folder)
  expect(steps.at(-1) ?? -1).toBeGreaterThanOrEqual(saved)
  const newest = await loadNewestCheckpoint(folder, (step, error) => {
    throw new Error(`The checkpoint of step ${step} was torn: ${error}`)
  })
  expect(newest?.state.step ?? -1).toBe(steps.at(-1) ?? -1)
  const history = await historyOf(folder)
  expect(history).toEqual(whole.history.slice(0, history.length))
}

async function expectTheSameEnd(folder: string): Promise<void> {
  expect((await readRun(folder)).status).toBe('finished')
  expect(await historyOf(folder)).toEqual(whole.history)
  expect(await newestWeights(folder)).toEqual(whole.end)
}

describe('kill -9', () => {
  it(
    `of the training process, ${kills} times, also while it writes a checkpoint`,
    { timeout: 3_600_000 },
    async () => {
      let [tried, whileWriting, runs, lost] = [0, 0, 0, 0]
      while (tried < kills) {
        const folder = await newRun(home, images, settings)
        runs++
        let saved = -1
        for (let finished = false; !finished;) {
          const child = forkNode('training', [folder])
          const exited = new Promise<void>((resolve) => child.onExit(() => resolve()))
          let [killed, steps] = [false, 0]
          const strike = () => {
            if (killed || finished) return
            killed = true
            child.kill()
            tried++
          }
          // Every second time in the middle of a checkpoint, else anywhere.
          const patience = random(12)
          const timer =
            tried % 2 ? setInterval(() => hasTemporary(folder) && random(3) < 1 && strike(), 2) : null
          child.onMessage((data) => {
            const message = data as TrainingMessage
            if (message.type === 'checkpoint') saved = message.step
            if (message.type === 'ended') finished = message.status === 'finished'
            if (message.type !== 'progress') return
            if (!timer && tried < kills && ++steps > patience) setTimeout(strike, random(60))
          })
          await exited
          if (timer) clearInterval(timer)
          if (!killed) continue
          if (hasTemporary(folder)) whileWriting++
          const before = await historyOf(folder)
          lost = Math.max(lost, before.length - Math.max(0, (await checkpointSteps(folder)).at(-1) ?? 0))
          await expectNothingLost(folder, saved)
          expect(await lockOwner(runPaths(folder).lock)).toBeNull()
        }
        await expectTheSameEnd(folder)
      }
      console.log(
        `${tried} kills of the training process in ${runs} runs, ${whileWriting} while a checkpoint was written: at most ${lost} steps to do again, every run ended like the whole one.`,
      )
      if (kills > 10) expect(whileWriting).toBeGreaterThan(0)
    },
  )

  const appKills = Math.ceil(kills / 4)
  it(
    `of the application that serves, ${appKills} times, with and without its training`,
    { timeout: 3_600_000 },
    async () => {
      const home = temporaryFolder()
      let [tried, folder] = [0, '']
      while (tried < appKills || (folder && (await readRun(folder)).status !== 'finished')) {
        if (!folder || (await readRun(folder)).status === 'finished')
          folder = await newRun(home, images, settings)
        await updateRun(folder, { status: 'queued' }) // the queue goes on by itself when the application opens
        const app = spawn('node', ['out/main/cli.js', 'serve', '--root', images], {
          env: { ...process.env, SAIM_HOME: home },
          stdio: 'ignore',
        })
        const exited = new Promise((resolve) => app.on('exit', resolve))
        const { lock } = runPaths(folder)
        const started = async () => (await lockOwner(lock)) ?? (await readRun(folder)).status === 'finished'
        while (!(await started())) await sleep(50)
        if (tried >= appKills) {
          while ((await readRun(folder)).status !== 'finished') await sleep(100)
          app.kill('SIGINT')
        } else {
          await sleep(random(3000))
          const owner = await lockOwner(lock)
          app.kill('SIGKILL')
          // Half of them as a power cut would: both at once.
          if (owner && tried % 2) spawnSync('kill', ['-9', String(owner.pid)]) // it may just have ended
          tried++
        }
        await exited
        while (await lockOwner(lock)) await sleep(100)
        await expectNothingLost(folder, -1)
      }
      await expectTheSameEnd(folder)
      console.log(`${tried} kills of the application: its run ended like the whole one.`)
    },
  )
})
