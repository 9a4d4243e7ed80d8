import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { text } from 'node:stream/consumers'
import { describe, expect, it } from 'vitest'
import type { Trained } from '#cli/support/follow'
import { listCheckpoints, loadCheckpoint, saveCheckpoint } from '#storage/run/checkpoint'
import { readMetrics } from '#storage/run/metrics'
import { readRun, runPaths } from '#storage/run/run-folder'
import { said } from '#test/helpers/hosts'
import { flags, makeImages, saim, smallModel, temporaryFolder } from '#test/helpers/runs'
import { newRun, trainRun } from '#test/helpers/training'

describe('a run', () => {
  it('leaves metrics, checkpoints under the authors’ names and reconstructions', async () => {
    const [images, home] = [temporaryFolder(), temporaryFolder()]
    await makeImages(images, 33)
    const folder = await newRun(home, images)
    const messages = await trainRun(folder)
    expect(messages.at(-1)).toMatchObject({ type: 'ended', status: 'finished' })

    expect(await readRun(folder)).toMatchObject({ status: 'finished', step: 8, totalSteps: 8 })
    const metrics = await readMetrics(folder)
    expect(metrics.map(({ step }) => step)).toEqual([1, 2, 3, 4, 5, 6, 7, 8])
    expect(metrics[0]!.learningRate).toBe(0)
    expect(metrics.every(({ loss, gradientNorm }) => loss > 0 && gradientNorm > 0)).toBe(true)

    const checkpoints = await listCheckpoints(folder)
    expect(checkpoints.map(({ step }) => step)).toEqual([4, 8])
    expect(checkpoints[1]!.reconstructions).toHaveLength(8)
    expect(existsSync(path.join(runPaths(folder).reconstructions(8), 'sheet.png'))).toBe(true)
    const { weights } = await loadCheckpoint(folder, 8)
    expect(weights['query_blocks.1.attn.q.weight']!.shape).toEqual([32, 32])
    expect(weights['patch_embed.proj.weight']!.shape).toEqual([32, 3, 4, 4])
  })

  it('goes on after a pause exactly as if there had been none', async () => {
    const [images, home] = [temporaryFolder(), temporaryFolder()]
    await makeImages(images, 33)
    const [whole, paused] = [await newRun(home, images), await newRun(home, images)]
    await trainRun(whole)
    await trainRun(paused, 3)
    expect((await readRun(paused)).status).toBe('paused')
    await trainRun(paused)

    const losses = async (folder: string) =>
      (await readMetrics(folder)).map(({ step, loss, learningRate, gradientNorm }) => [
        step,
        loss,
        learningRate,
        gradientNorm,
      ])
    expect(await losses(paused)).toEqual(await losses(whole))
    expect(await loadCheckpoint(paused, 8).then(({ weights }) => weights)).toEqual(
      await loadCheckpoint(whole, 8).then(({ weights }) => weights),
    )
  })

  it('gives the same with gradients accumulated over two halves of a batch', async () => {
    const [images, home] = [temporaryFolder(), temporaryFolder()]
    await makeImages(images, 16)
    const one = await newRun(home, images, { batchSize: 8 })
    const two = await newRun(home, images, { batchSize: 4, accumulation: 2 })
    await trainRun(one)
    await trainRun(two)
    const [a, b] = [await readMetrics(one), await readMetrics(two)]
    expect(b).toHaveLength(a.length)
    a.forEach(({ loss, gradientNorm }, i) => {
      expect(b[i]!.loss).toBeCloseTo(loss, 4)
      expect(b[i]!.gradientNorm).toBeCloseTo(gradientNorm, 3)
    })
  })

  it('stops with advice when the loss is not finite', async () => {
    const [images, home] = [temporaryFolder(), temporaryFolder()]
    await makeImages(images, 16)
    const folder = await newRun(home, images)
    await trainRun(folder, 2)
    // A weight that is no number spoils the next step, as a diverged run would.
    const saved = await loadCheckpoint(folder, 2)
    ;(saved.weights['norm.bias']!.values as Float32Array)[0] = NaN
    await saveCheckpoint(folder, saved)
    const messages = await trainRun(folder)
    expect(messages.at(-1)).toMatchObject({ status: 'failed', error: { code: 'not-finite' } })
    const run = await readRun(folder)
    expect(run.error!.advice).toContain('lower base learning rate')
    expect(run.error!.remedies).toContainEqual({ clipGradient: 1 })
    expect((await listCheckpoints(folder)).map(({ step }) => step)).toEqual([2])
    const kept = JSON.parse(readFileSync(path.join(runPaths(folder).failure(3), 'images.json'), 'utf8'))
    expect(kept).toEqual([expect.arrayContaining([expect.stringMatching(/image \d+\.jpg/)])])
  })
})

describe('saim train', () => {
  it('trains a folder of photographs from the command line and says where things are', async () => {
    const [images, home] = [temporaryFolder(), temporaryFolder()]
    await makeImages(images, 16, { width: 1200, height: 900 })
    const { code, output } = await saim(['train', images, ...flags(smallModel)], home)
    expect(output).toContain('16 images in 2 classes')
    expect(output).toMatch(/Run finished after 4 steps/)
    expect(code).toBe(0)
    const [run] = readdirSync(path.join(home, 'runs'))
    expect(readFileSync(path.join(home, 'runs', run!, 'log.txt'), 'utf8')).toContain(
      'Saved the checkpoint of step 4',
    )
    expect((await saim(['runs'], home)).output).toContain('finished')
  })

  it('saves at Ctrl-C, and does not end as one that is done', async () => {
    const [images, home] = [temporaryFolder(), temporaryFolder()]
    await makeImages(images, 16)
    const long = flags({ ...smallModel, epochs: 500, 'checkpoint-every': 100 })
    const child = spawn('node', ['out/main/cli.js', 'train', images, ...long, '--json'], {
      env: { ...process.env, SAIM_HOME: home },
    })
    const output = text(child.stdout)
    await said(child, /step \d+\/1000/)
    child.kill('SIGINT')
    const [code] = await once(child, 'exit')
    expect(code).toBe(130)
    const trained = JSON.parse(await output) as Trained
    expect(trained).toMatchObject({ status: 'stopped', totalSteps: 1000 })
    expect(existsSync(trained.weights!)).toBe(true)
  })

  it.each([
    ['an empty folder', [], 'There are no images', 3],
    ['a batch of half an image', ['--batch-size', '0.5'], '--batch-size', 2],
    ['settings that do not fit together', ['--image-size', '65'], 'multiple of the patch size', 2],
    ['a flag that does not exist', ['--batchsize', '3'], 'unknown option', 2],
  ])('refuses %s with a clear message', async (_name, extra, message, wrong) => {
    const folder = temporaryFolder()
    const { code, output } = await saim(['train', folder, ...extra], folder)
    expect(code).toBe(wrong)
    expect(output).toContain(message)
    expect(existsSync(path.join(folder, 'runs'))).toBe(false)
  })
})
