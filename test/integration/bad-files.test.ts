import { readdirSync, rmSync } from 'node:fs'
import path from 'node:path'
import { expect, it } from 'vitest'
import { writeManifest } from '#images/manifest'
import { readMetrics } from '#storage/run/metrics'
import { createRun, readRun, runPaths } from '#storage/run/run-folder'
import { fromPreset } from '#shared/settings/hyperparameters'
import { leftOut, makeBadFiles } from '#test/helpers/bad-files'
import { scan } from '#test/helpers/data'
import { flags, makeImages, saim, smallModel, temporaryFolder } from '#test/helpers/runs'

it('a folder with every kind of bad file trains to the end and tells the reason of each', async () => {
  const [images, home] = [temporaryFolder(), temporaryFolder()]
  await makeImages(images, 20)
  const reasons = await makeBadFiles(path.join(images, 'bad'))
  const { code, output } = await saim(['train', images, ...flags(smallModel)], home)
  expect(output).toMatch(/Run finished/)
  expect(code).toBe(0)

  const [id] = readdirSync(path.join(home, 'runs')).filter((name) => !name.startsWith('.'))
  const told = leftOut(runPaths(path.join(home, 'runs', id!)).log)
  for (const [, name, reason] of output.matchAll(/^ {2}(bad\/.+?): (.+)$/gm)) told[name!] = reason!
  for (const [name, reason] of Object.entries(reasons)) expect(told[`bad/${name}`], name).toMatch(reason)
  expect(Object.keys(told)).toHaveLength(Object.keys(reasons).length)
})

it('files that vanish after the scan are left out, and those held out are measured', async () => {
  const [images, home] = [temporaryFolder(), temporaryFolder()]
  await makeImages(images, 40)
  const { index } = await scan(images)
  const hyperparameters = fromPreset('nano', {
    imageSize: 16,
    patchSize: 4,
    width: 32,
    depth: 2,
    heads: 2,
    queryDepth: 2,
    batchSize: 8,
    epochs: 3,
    warmupEpochs: 1,
    validationFraction: 0.3,
  })
  const folder = await createRun(path.join(home, 'runs'), {
    name: 'a run',
    dataset: { name: 'images', folder: images },
    hyperparameters,
    engine: 'onnxruntime-cpu',
    threads: 1,
    decoders: 1,
    writeManifest: (file) => writeManifest(file, index, { fraction: 0.3, seed: 0 }),
  })
  const { dataset } = await readRun(folder)
  expect(dataset.images + dataset.validation).toBe(40)
  expect(dataset.validation).toBeGreaterThan(4)
  rmSync(path.join(images, 'even', 'image 000.jpg'))
  rmSync(path.join(images, 'odd', 'image 001.jpg'))

  const { code } = await saim(['resume', folder], home)
  expect(code).toBe(0)
  for (const reason of Object.values(leftOut(runPaths(folder).log))) expect(reason).toBe('the file is gone')
  const metrics = await readMetrics(folder)
  const measured = metrics.filter(({ validationLoss }) => validationLoss !== undefined)
  expect(measured.map(({ epoch }) => Math.floor(epoch))).toEqual([1, 2, 3])
  for (const { validationLoss } of measured) expect(validationLoss).toBeCloseTo(1, 0)
  expect(measured[0]!.validationLoss).not.toBe(measured[2]!.validationLoss)
})
