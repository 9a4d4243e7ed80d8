import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { chooseStep, newestStep } from './checkpoint'
import { runPaths } from './run-folder'

describe('which checkpoint is meant', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'saim-checkpoint-'))
    cpSync('test/fixtures/run-0.1/run.json', runPaths(folder).run)
  })
  afterEach(() => rmSync(folder, { recursive: true }))
  const saved = (...steps: number[]) =>
    steps.forEach((step) => mkdirSync(runPaths(folder).checkpoint(step), { recursive: true }))

  it('is the one of the step, else the newest', async () => {
    saved(2, 40, 1000)
    expect(await chooseStep(folder)).toBe(1000)
    expect(await chooseStep(folder, 40)).toBe(40)
    expect(await newestStep(folder)).toBe(1000)
  })

  it('is none before one was saved, which is said', async () => {
    expect(await newestStep(folder)).toBeNull()
    await expect(chooseStep(folder)).rejects.toMatchObject({
      code: 'checkpoint-missing',
      message: expect.stringContaining('has no checkpoint yet.'),
    })
  })

  it('is not one of another step: those that there are, are named', async () => {
    saved(2, 40)
    await expect(chooseStep(folder, 3)).rejects.toMatchObject({
      code: 'checkpoint-missing',
      message: expect.stringContaining('has no checkpoint of step 3.'),
      advice: 'Choose one of these steps: 2, 40.',
    })
  })

  it('is not sought where there is no run', () =>
    expect(chooseStep(path.join(folder, 'elsewhere'))).rejects.toMatchObject({ code: 'run-missing' }))
})
