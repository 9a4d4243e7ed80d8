import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { readRun } from '#storage/run/run-folder'
import { flags, makeImages, saim, smallModel, temporaryFolder } from '#test/helpers/runs'
import type { Trained } from '#cli/support/follow'

it('a day’s work can be scripted by JSON alone', async () => {
  const [images, out, home] = [temporaryFolder(), temporaryFolder(), temporaryFolder()]
  await makeImages(images, 20)
  writeFileSync(path.join(images, 'even', 'broken.jpg'), 'no image')
  const { stdout, stderr, status } = spawnSync('bash', ['test/integration/day.sh', images, out], {
    env: { ...process.env, SAIM_HOME: home },
    encoding: 'utf8',
  })
  expect(stderr).toMatch(/^Error: There is no run "day".*\n.*\n$/)
  expect(stdout.split('\n')).toEqual([
    'index: 20 images, 2 classes, 1 unreadable',
    'wait: finished, step 4 of 4',
    'logs: string',
    'stop: stopped',
    'stopped: code 130',
    'evaluate: 4 images, true',
    'compare: epochs differ, 1 evaluation',
    expect.stringMatching(/^export: .*model\.safetensors/),
    'deleted: code 3, run-missing',
    'restore: finished',
    'left: 0',
    '',
  ])
  expect(status).toBe(0)
})

describe('saim config', () => {
  it('prints a file that trains the same again, and flags go before it', async () => {
    const [images, home] = [temporaryFolder(), temporaryFolder()]
    await makeImages(images, 16)
    const train = async (...given: string[]) => {
      const { output } = await saim(['train', ...given, '--json', '--quiet'], home)
      return JSON.parse(output) as Trained
    }
    const first = await train(images, ...flags(smallModel), '--seed', '7', '--no-flip', '--name', 'first')
    const { output } = await saim(['config', 'first'], home)
    expect(parse(output)).toMatchObject({ folder: images, seed: 7, flip: false, width: 32 })
    const file = path.join(home, 'run.yaml')
    writeFileSync(file, output)
    const again = await train('--config', file, '--name', 'again')
    expect(again.losses).toEqual(first.losses)
    expect((await readRun(again.folder)).hyperparameters).toEqual(
      (await readRun(first.folder)).hyperparameters,
    )
    const other = await train('--config', file, '--seed', '8', '--flip', '--epochs', '1')
    expect(other.hyperparameters).toMatchObject({ seed: 8, flip: true, epochs: 1, width: 32 })
  })

  it.each([
    ['epoch: 3', /there is no setting "epoch"\.\nDid you mean epochs\?/],
    ['colour: red', /there is no setting "colour"\.\n$/],
    ['epochs: many', /epochs: “many” is not a number/],
    ['flip: sometimes', /flip is neither true nor false/],
    ['order: sorted', /order: Allowed choices are stochastic/],
    ['epochs: 0', /--epochs: /],
    ['- epochs', /it has no lines such as/],
    ['epochs: [', /run.yaml: /],
  ])('refuses %s', async (text, words) => {
    const home = temporaryFolder()
    const file = path.join(home, 'run.yaml')
    writeFileSync(file, text)
    const { code, output } = await saim(['train', '--config', file], home)
    expect(output).toMatch(words)
    expect(output).not.toMatch(/\n\s+at /)
    expect(code).toBe(2)
  })
})
