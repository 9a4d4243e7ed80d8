import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import sharp from 'sharp'
import { beforeAll, describe, expect, it } from 'vitest'
import {
  createEvaluation,
  describeEvaluation,
  evaluationPaths,
  listEvaluations,
  readEvaluation,
  readEvaluationMetrics,
  readScore,
  updateEvaluation,
} from '#storage/evaluation-folder'
import { decodeSafetensors } from '#formats/safetensors'
import { readImages } from '#images/manifest'
import { taskOf } from '#jobs/evaluate/labelled'
import { forkNode } from '#platform/processes'
import { Lock } from '#storage/lock'
import { readRun, updateRun } from '#storage/run/run-folder'
import { evaluationKinds, recipes } from '#shared/settings/evaluation'
import { flags, makeScenes, saim, smallModel, temporaryFolder } from '#test/helpers/runs'

const home = temporaryFolder()
const images = temporaryFolder()
let run: string

/** Noise of a colour for each class: what any network can tell apart, and none by chance. */
async function paint(folder: string, colour: [number, number, number], count: number) {
  mkdirSync(path.join(images, folder))
  for (let i = 0; i < count; i++) {
    const pixels = Buffer.from(
      Array.from({ length: 24 * 24 * 3 }, (_, k) => colour[k % 3]! * 160 + ((k * 37 * (i + 3)) % 96)),
    )
    await sharp(pixels, { raw: { width: 24, height: 24, channels: 3 } })
      .png()
      .toFile(path.join(images, folder, `${i}, of "${folder}".png`))
  }
}

/** What `saim predict` says of the images by a classifier: the header of its table, and the class of each image by its path. */
async function predicted(classifier: string, of = images) {
  const table = path.join(temporaryFolder(), 'named.csv')
  const { output } = await saim(['predict', of, '--with', classifier, '--output', table], home)
  const [head, ...lines] = readFileSync(table, 'utf8').trim().split('\n')
  const rows = lines.map((line) => /^"?(.*\.png)"?,(\w+),([\d.]+),/.exec(line)!)
  const classes = new Map(rows.map(([, file, name]) => [file!.replaceAll('""', '"'), name!]))
  return { output, head, classes, confidence: rows.map(([, , , share]) => Number(share)) }
}

/** Of the held-out images of the run, how many are given the class of their folder. */
async function rightOfHeldOut(classes: Map<string, string>) {
  const { validation } = taskOf(images, await readImages(run))
  return validation.images.filter((image) => classes.get(image.path) === image.class).length
}

const newest = async () => path.join(run, 'evaluations', (await listEvaluations(run)).at(-1)!.id)

beforeAll(async () => {
  await paint('red', [1, 0, 0], 40)
  await paint('green', [0, 1, 0], 40)
  await paint('blue', [0, 0, 1], 20)
  await saim(['train', images, ...flags(smallModel)], home)
  run = path.join(home, 'runs', readdirSync(path.join(home, 'runs'))[0]!)
})

describe('asking what a run has learned', () => {
  it('counts right answers of nearest neighbours, from a checkpoint and from random weights', async () => {
    for (const extra of [[], ['--scratch', '--block', '1', '--pooling', 'class']]) {
      const { code, output } = await saim(['knn', run, ...extra], home)
      expect(output).toMatch(/validation images: top-1 \d/)
      expect(code).toBe(0)
    }
    const [first, second] = await listEvaluations(run)
    expect(first).toMatchObject({ kind: 'knn', step: 24, status: 'finished', dataset: { classes: 3 } })
    expect(second).toMatchObject({ step: null, settings: { block: 1, pooling: 'class' } })
    const score = (await readScore(await newest()))!
    expect(first!.dataset.train + first!.dataset.validation).toBe(100)
    expect(score.images).toBe(first!.dataset.validation)
    expect(score.confusion.flat().reduce((a, b) => a + b)).toBe(score.images)
    expect(first!.score!.top1).toBeGreaterThan(0.9)
  })

  it('trains a linear probe on crops and keeps its layer and its statistics', async () => {
    const { output } = await saim(
      ['probe', run, '--optimizer', 'SGD', '--views', '2', '--epochs', '20', '--warmup-epochs', '1'],
      home,
    )
    const folder = await newest()
    const metrics = await readEvaluationMetrics(folder)
    expect(metrics.map(({ epoch }) => epoch)).toEqual(Array.from({ length: 20 }, (_, i) => i + 1))
    expect(metrics.at(-1)!.loss).toBeLessThan(metrics[0]!.loss)
    expect((await readScore(folder))!.top1).toBeGreaterThan(0.9)
    const { tensors, metadata } = decodeSafetensors(readFileSync(evaluationPaths(folder).classifier))
    expect(tensors['head.weight']!.shape).toEqual([3, 32])
    expect(tensors['bn.running_mean']!.shape).toEqual([32])
    expect(JSON.parse(metadata['classes']!)).toEqual(['blue', 'green', 'red'])
    expect(output).toContain('classifier.safetensors')
  })

  it('fine-tunes at another image size, and names the classes of a folder in a CSV file', async () => {
    const settings = {
      'image-size': 24,
      epochs: 8,
      'warmup-epochs': 1,
      'batch-size': 16,
      'base-learning-rate': 0.03,
      'rand-augment-magnitude': 2,
    }
    const { output } = await saim(['finetune', run, ...flags(settings)], home)
    expect(output).toMatch(/Classifier: /)
    const folder = await newest()
    expect(await describeEvaluation(folder)).toMatchObject({
      kind: 'finetune',
      status: 'finished',
      progress: 1,
    })
    expect((await readScore(folder))!.top1).toBeGreaterThan(0.9)

    const { output: told, head, classes } = await predicted(folder)
    expect(told).toContain('100 images')
    expect(head).toBe('path,class,probability,blue,green,red')
    expect(classes.size).toBe(100)
  })

  it('lists every classifier with its name, each of which names classes as it was scored', async () => {
    const { output } = await saim(['classifiers'], home)
    for (const kind of ['Nearest neighbours', 'Linear probe', 'Fine-tuned']) expect(output).toContain(kind)
    for (const { kind, folder, score } of await listEvaluations(run)) {
      const { classes, confidence } = await predicted(folder)
      expect(await rightOfHeldOut(classes), kind).toBe(Math.round(score!.top1 * score!.images))
      expect(Math.min(...confidence)).toBeGreaterThanOrEqual(1 / 3)
    }
  })

  it('names classifiers anew, and one image by such a name', async () => {
    const { id } = (await listEvaluations(run))[2]!
    const { output } = await saim(['classifiers', `${path.basename(run)}/${id}`, '--name', 'Colours'], home)
    expect(output).toContain('Colours')
    const image = path.join(images, 'red', '3, of "red".png')
    const { classes } = await predicted('Colours', image)
    expect([...classes]).toEqual([['3, of "red".png', 'red']])
    const { output: refused, code } = await saim(['predict', image, '--with', 'Colour'], home)
    expect([code, refused]).toEqual([3, expect.stringContaining('There is no classifier "Colour".')])
  })

  it.each([
    ['a block that is not there', ['knn', '--block', '9'], 'has 2 blocks', 2],
    ['a checkpoint that is not there', ['probe', '--step', '7'], 'no checkpoint of step 7', 3],
    [
      'patches that do not fill the image',
      ['finetune', '--image-size', '18'],
      'not a multiple of the patch size',
      2,
    ],
    ['a warm-up longer than all epochs', ['probe', '--epochs', '3'], '--warmup-epochs', 2],
    [
      "the authors' recipe in fewer epochs than its warm-up has",
      ['finetune', '--recipe', 'authors', '--epochs', '10'],
      '--warmup-epochs',
      2,
    ],
  ] as const)('refuses %s with a clear message', async (_name, [kind, ...extra], message, wrong) => {
    const { code, output } = await saim([kind, run, ...extra], home)
    expect(code).toBe(wrong)
    expect(output).toContain(message)
  })
})

describe("the authors' recipes", () => {
  it('probes by new crops in each epoch, the class token through the norm, and report the best epoch', async () => {
    await saim(['probe', run, '--recipe', 'authors', '--epochs', '6', '--batch-size', '16'], home)
    const folder = await newest()
    const { settings, score, view } = await describeEvaluation(folder)
    expect(settings).toMatchObject({ pooling: 'class', layerNorm: true, views: 0, warmupEpochs: 0 })
    expect(view).toBe('field')
    const metrics = await readEvaluationMetrics(folder)
    expect(score!.top1).toBe(Math.max(...metrics.map(({ top1 }) => top1!)))
    expect(metrics[score!.epoch! - 1]!.top1).toBe(score!.top1)
  })

  it('goes on where a fine-tuning was killed, to the same weights', async () => {
    const settings = {
      ...{ epochs: 4, 'warmup-epochs': 1, 'batch-size': 8, accumulation: 3, 'base-learning-rate': 0.03 },
      ...{ report: 'last', 'rand-augment-magnitude': 0, seed: 5 },
      ...{ engine: 'onnxruntime-cpu', threads: 1, decoders: 1 },
    }
    const plan = {
      kind: 'finetune' as const,
      settings: evaluationKinds.finetune.schema.parse({
        ...recipes.authors.finetune.values,
        ...{ epochs: 4, warmupEpochs: 1, batchSize: 8, accumulation: 3, baseLearningRate: 0.03 },
        ...{ report: 'last', randAugmentMagnitude: 0, seed: 5 },
      }),
    }
    await saim(['finetune', run, '--recipe', 'authors', ...flags(settings)], home)
    const whole = await newest()
    const step = (await describeEvaluation(whole)).step
    const chosen = { step, dataset: { name: 'images', folder: images }, engine: 'onnxruntime-cpu', precision: 'float32' as const, threads: 1, decoders: 1 } // prettier-ignore
    const folder = await createEvaluation(run, { ...chosen, plan }, null)
    const child = forkNode('evaluation', [folder])
    const ended = new Promise<unknown>((resolve) => child.onExit(resolve))
    while (!existsSync(evaluationPaths(folder).training)) await new Promise((wait) => setTimeout(wait, 20))
    child.kill()
    await ended
    expect(await describeEvaluation(folder)).toMatchObject({ status: 'interrupted', resumable: true })
    const { code } = await saim(['finetune', run, '--resume', path.basename(folder)], home)
    expect(code).toBe(0)
    const weights = (of: string) => decodeSafetensors(readFileSync(evaluationPaths(of).classifier)).tensors
    expect((await readEvaluationMetrics(folder)).map(({ epoch }) => epoch)).toEqual([1, 2, 3, 4])
    for (const [name, { values }] of Object.entries(weights(whole)))
      expect(weights(folder)[name]!.values, name).toEqual(values)
    expect(existsSync(evaluationPaths(folder).training)).toBe(false)
  })
})

describe('segmentation', () => {
  const scenes = path.join(temporaryFolder(), 'images')

  beforeAll(() => makeScenes(scenes, 40))

  it('names the class of each pixel, at another size than in pre-training', async () => {
    const settings = { 'image-size': 24, 'batch-size': 64, 'base-learning-rate': 0.5 }
    const { code, output } = await saim(['segment', run, '--on', scenes, ...flags(settings)], home)
    expect(output).toMatch(/validation images: mean IoU \d+\.\d%, pixels \d/)
    expect(code).toBe(0)
    const score = (await readScore(await newest()))!
    expect(score.perClass.map(({ name }) => name)).toEqual(['sky', 'sea'])
    const [[skyAsSky, skyAsSea], [seaAsSky, seaAsSea]] = score.confusion as [
      [number, number],
      [number, number],
    ]
    // The middle square has the columns 3 to 26, of which 25 and 26 are not labelled.
    expect(skyAsSky + skyAsSea + seaAsSky + seaAsSea).toBe(score.images * 24 * 22)
    const wrong = skyAsSea + seaAsSky
    expect(score.meanIou).toBeCloseTo((skyAsSky / (skyAsSky + wrong) + seaAsSea / (seaAsSea + wrong)) / 2, 8)
    expect(score.meanIou!).toBeGreaterThan(0.85)
    const metrics = await readEvaluationMetrics(await newest())
    expect(metrics.at(-1)!.meanIou).toBeCloseTo(score.meanIou!, 8)
    const { tensors } = decodeSafetensors(readFileSync(evaluationPaths(await newest()).classifier))
    expect(tensors['head.weight']!.shape).toEqual([2, 2 * 32])
  })

  it('says where masks belong', async () => {
    const { code, output } = await saim(['segment', run], home)
    expect(code).toBe(3)
    expect(output).toMatch(/0 images of .* have a mask/)
    expect(output).toContain(path.join(path.dirname(images), 'masks'))
  })
})

it('is carried out by one process at a time', async () => {
  const chosen = { step: null, dataset: { name: 'images', folder: images }, engine: 'onnxruntime-cpu', precision: 'float32' as const, threads: 1, decoders: 1 } // prettier-ignore
  const plan = { kind: 'knn' as const, settings: evaluationKinds.knn.schema.parse({}) }
  const folder = await createEvaluation(run, { ...chosen, plan }, null)
  const process = () => new Promise<unknown>((resolve) => forkNode('evaluation', [folder]).onMessage(resolve))
  const lock = await Lock.acquire(evaluationPaths(folder).lock)
  expect(await process()).toMatchObject({ type: 'ended', error: { code: 'run-busy' } })
  expect(await describeEvaluation(folder)).toMatchObject({ status: 'waiting' })
  await updateEvaluation(folder, { status: 'running' })
  expect(await describeEvaluation(folder)).toMatchObject({ status: 'running' })
  await lock.release()
  expect(await describeEvaluation(folder)).toMatchObject({ status: 'interrupted' })
})

it('computes in the precision that is asked of it, and says where that is not the one of the run', async () => {
  const plan = { kind: 'knn' as const, settings: evaluationKinds.knn.schema.parse({}) }
  const chosen = { plan, step: null, dataset: { name: 'images', folder: images }, threads: 1, decoders: 1 }
  const ended = (folder: string) =>
    new Promise<unknown>((resolve) => {
      forkNode('evaluation', [folder]).onMessage((message) => {
        if ((message as { type: string }).type === 'ended') resolve(message)
      })
    })
  const narrow = { engine: 'onnxruntime-cpu', precision: 'bfloat16' as const }
  const refused = await createEvaluation(run, { ...chosen, ...narrow }, null)
  expect(await ended(refused)).toMatchObject({ status: 'failed', error: { code: 'engine-unavailable' } })

  const other = path.join(home, 'trained-in-tf32')
  cpSync(run, other, { recursive: true })
  const { hyperparameters } = await readRun(other)
  await updateRun(other, { hyperparameters: { ...hyperparameters, precision: 'tf32' } })
  const exact = { engine: 'onnxruntime-cpu', precision: 'float32' as const }
  const folder = await createEvaluation(other, { ...chosen, ...exact }, null)
  expect(await ended(folder)).toMatchObject({ status: 'finished' })
  expect((await readEvaluation(folder)).notices.join()).toContain('The run trains in tf32')
})

it('says nothing of classes where it is stopped before all images have features', async () => {
  const chosen = { step: null, dataset: { name: 'images', folder: images }, engine: 'onnxruntime-cpu', precision: 'float32' as const, threads: 1, decoders: 1 } // prettier-ignore
  const plan = { kind: 'knn' as const, settings: evaluationKinds.knn.schema.parse({}) }
  const folder = await createEvaluation(run, { ...chosen, plan }, null)
  const ended = new Promise<unknown>((resolve) => {
    const child = forkNode('evaluation', [folder])
    child.post({ type: 'stop' })
    child.onMessage(resolve)
  })
  expect(await ended).toMatchObject({ type: 'ended', status: 'stopped', error: null })
  expect(await describeEvaluation(folder)).toMatchObject({ status: 'stopped', score: null })
})

describe('saim sweep', () => {
  const cheap = flags({ ...smallModel, epochs: 1 })

  it('trains a run for each variant and puts what they learned side by side', async () => {
    const { code, output } = await saim(
      ['sweep', images, '--vary', 'order=stochastic,raster', ...cheap],
      home,
    )
    expect(output).toMatch(/order stochastic +\d\.\d+ +\d+\.\d%/)
    expect(output).toMatch(/order raster +\d\.\d+ +\d+\.\d%/)
    expect(code).toBe(0)
    const orders = readdirSync(path.join(home, 'runs')).filter((name) => name.includes('-order-'))
    expect(orders).toHaveLength(2)
    const [record] = readdirSync(path.join(home, 'experiments')).filter((name) => name.endsWith('.json'))
    const { runs, asks, plan } = JSON.parse(readFileSync(path.join(home, 'experiments', record!), 'utf8'))
    expect(plan).toMatchObject({ kind: 'vary', axes: [{ setting: 'order' }] })
    expect(runs.map(({ run }: { run: string }) => run).sort()).toEqual(orders.sort())
    expect(asks).toEqual(['knn', 'probe'])
  })

  it.each([
    ['a setting that is not there', ['--vary', 'colour=red,blue'], 'is not a setting with values'],
    ['variants that do not fit the model', ['--vary', 'heads=2,3'], 'heads 3 is invalid'],
    ['nothing to compare', [], 'nothing to compare'],
  ])('refuses %s before anything is trained', async (_name, extra, message) => {
    const before = readdirSync(path.join(home, 'runs')).length
    const { code, output } = await saim(['sweep', images, ...extra, ...cheap], home)
    expect(code).toBe(2)
    expect(output).toContain(message)
    expect(readdirSync(path.join(home, 'runs'))).toHaveLength(before)
  })
})
