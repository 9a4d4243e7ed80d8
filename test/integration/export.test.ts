import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import sharp from 'sharp'
import { beforeAll, describe, expect, it } from 'vitest'
import { sampleImagesFolder } from '#platform/paths'
import { exportFormats, proofTolerance } from '#shared/contract'
import { hasPython, python, requirePythonInCi, runPython } from '#test/helpers/python'
import { flags, saim, smallModel, temporaryFolder } from '#test/helpers/runs'

const home = temporaryFolder()
const out = temporaryFolder()
let run: string
let evaluation: string
const picture = path.join(temporaryFolder(), 'ant.jpg')
/** The picture's class token by the application. */
let embedding: number[]

/** A model of real images, trained and fine-tuned a little, so that no weight is as it began. */
beforeAll(async () => {
  if (hasPython) process.env['SAIM_PYTHON'] = python
  const settings = { ...smallModel, 'image-size': 32, 'patch-size': 8, width: 64, heads: 4, 'batch-size': 64 }
  await saim(
    ['train', ...flags({ ...settings, epochs: 1, 'base-learning-rate': 0.01 }), '--name', 'Émoji 1'],
    home,
  )
  run = readdirSync(path.join(home, 'runs'))[0]!
  const tuned = await saim(
    ['finetune', run, '--image-size', '48', '--epochs', '3', '--warmup-epochs', '0'],
    home,
  )
  evaluation = /Kept in (.*)/.exec(tuned.output)![1]!
  const ant = await sharp(path.join(sampleImagesFolder(), 'animals/ant.png')).resize(50).toBuffer()
  const beside = sharp({ create: { width: 60, height: 50, channels: 3, background: '#c84' } })
    .composite([{ input: ant, left: 4, top: 0 }])
    .jpeg()
  // Neither square nor upright; the other one because embeddings are of two images at least.
  await beside.withMetadata({ orientation: 6 }).toFile(picture)
  await beside.toFile(path.join(path.dirname(picture), 'other.jpg'))
  const embedded = path.join(home, 'embedded')
  await saim(['embed', run, path.dirname(picture), '--format', 'csv', '--out', embedded], home)
  const [head, row] = readFileSync(path.join(embedded, 'embeddings.csv'), 'utf8').split('\n')
  embedding = row!.split(',').slice(head!.split(',').indexOf('class_token_0')).map(Number)
})

requirePythonInCi()

/** The real library that loads each format in example.py. */
const libraries: Record<string, string[]> = {
  safetensors: ['timm', 'torch'],
  pytorch: ['timm', 'torch'],
  timm: ['timm', 'torch'],
  huggingface: ['transformers', 'torch'],
  onnx: ['onnxruntime'],
  classifier: ['onnxruntime'],
  tfjs: [],
}

describe.each(Object.keys(exportFormats))('an export as %s', (format) => {
  let folder: string
  let output: string

  it('computes the same in the library that it is for', async () => {
    const result = await saim(
      ['export', run, '--format', format, '--out', out, '--licence', 'cc-by-4.0'],
      home,
    )
    output = result.output
    expect(result, output).toMatchObject({ code: 0 })
    folder = /Written: (.*)/.exec(output)![1]!
    const differences = output.split('\n').filter((line) => line.includes('largest difference'))
    console.log(differences.map((line) => `${format}: ${line}`).join('\n'))
    for (const line of differences)
      expect(Number(/difference (\S+)/.exec(line)![1])).toBeLessThanOrEqual(proofTolerance)
    expect(differences[0]).toMatch(format === 'tfjs' ? /^TensorFlow.js/ : /^onnxruntime/)
    if (!hasPython) return
    for (const library of libraries[format]!) expect(differences.at(-1)).toContain(`${library} `)
  })

  it('has a model card with licence, data, settings, curves and proof', () => {
    const card = readFileSync(path.join(folder, 'README.md'), 'utf8')
    expect(card).toContain('license: cc-by-4.0')
    expect(card).toContain('495 images of “sample-images”, no labels used; step 7 of 7')
    expect(card).toContain('495 in all, shorter side 64 px, in 8 folders: animals,')
    expect(card).toContain('| Blur size | 9 px |')
    expect(card).toContain('on images of sample-images:')
    expect(card).toMatch(format === 'tfjs' ? /TensorFlow.js \| 2 \| \d/ : /onnxruntime.* \| \d \| \d/)
    const curves = [...card.matchAll(/\]\((.*\.svg)\)/g)].map(([, name]) => name!)
    expect(curves).toEqual(
      format === 'classifier'
        ? ['fine-tuning-loss.svg', 'accuracy.svg', 'loss.svg', 'learning-rate.svg']
        : ['loss.svg', 'learning-rate.svg'],
    )
    for (const name of curves) expect(readFileSync(path.join(folder, name), 'utf8')).toMatch(/points="\d/)
  })

  if (format !== 'tfjs')
    it.runIf(hasPython)('has an example that sees a file as the application does', () => {
      const output = execFileSync(python, ['-B', path.join(folder, 'example.py'), picture], {
        encoding: 'utf8',
      })
      if (format === 'classifier') return expect(output).toMatch(/^\d+\.\d% [a-z]+\n/)
      const printed = /class_token \(1, 64\) \[ ?(.*)\]/.exec(output)![1]!.trim().split(/\s+/).map(Number)
      printed.forEach((value, i) =>
        // transformers scales images by torchvision, which is not Pillow to the bit.
        expect(Math.abs(value - embedding[i]!)).toBeLessThan(format === 'huggingface' ? 0.05 : 1e-4),
      )
    })
})

describe('an exported classifier', () => {
  const folder = () =>
    path.join(
      out,
      readdirSync(out).find((name) => name.endsWith('classifier'))!,
    )

  it('has the names of its classes inside, and says how well it does', () => {
    const classes = '["animals","clothing","faces","flags","food","people","signs","vehicles"]'
    expect(readFileSync(path.join(folder(), 'classifier.onnx')).includes(classes)).toBe(true)
    const { top1 } = JSON.parse(readFileSync(path.join(evaluation, 'result.json'), 'utf8')) as {
      top1: number
    }
    const card = readFileSync(path.join(folder(), 'README.md'), 'utf8')
    expect(card).toContain(`validation images: ${(100 * top1).toFixed(1)}%`)
    expect(card).toMatch(/\| vehicles \| \d+ \| \d+\.\d% \|/)
    expect(card).toContain('pipeline_tag: image-classification')
  })

  it.runIf(hasPython)('names in its example what saim predict names', async () => {
    const table = path.join(temporaryFolder(), 'predictions.csv')
    await saim(['predict', path.dirname(picture), '--with', evaluation, '--output', table], home)
    const [, name, probability] = readFileSync(table, 'utf8').split('\n')[1]!.split(',')
    const printed = execFileSync(python, ['-B', path.join(folder(), 'example.py'), picture], {
      encoding: 'utf8',
    })
    expect(printed.split('\n')[0]).toBe(`${(100 * Number(probability)).toFixed(1)}% ${name}`)
  })

  it('is of the fine-tuning that was named, and only of one', async () => {
    const folder = temporaryFolder()
    const order = ['export', run, '--format', 'classifier', '--out', folder]
    const named = await saim([...order, '--evaluation', path.basename(evaluation)], home)
    expect(named, named.output).toMatchObject({ code: 0 })
    const unknown = await saim([...order, '--evaluation', 'finetune-of-nobody'], home)
    expect(unknown).toMatchObject({ code: 3, output: expect.stringContaining('There is no classifier') })
    const step = await saim([...order, '--step', '7'], home)
    expect(step).toMatchObject({
      code: 2,
      output: expect.stringContaining('Choose an evaluation for the classifier'),
    })
    expect(readdirSync(folder)).toHaveLength(1)
  })
})

describe('an exported classifier of another kind', () => {
  const home = temporaryFolder()
  let run: string
  beforeAll(async () => {
    await saim(['train', ...flags({ ...smallModel, 'batch-size': 64, epochs: 1 })], home)
    run = readdirSync(path.join(home, 'runs'))[0]!
  })

  it.each([
    ['probe', ['probe', '--epochs', '3', '--warmup-epochs', '1'], 'Linear probe'],
    ["probe by the authors' recipe", ['probe', '--recipe', 'authors', '--epochs', '2', '--batch-size', '64'], 'Linear probe'], // prettier-ignore
    ['knn', ['knn'], 'Nearest neighbours'],
  ])('gives the outputs of ours: %s', async (_name, [kind, ...settings], title) => {
    expect(await saim([kind!, run, ...settings], home)).toMatchObject({ code: 0 })
    const { output, code } = await saim(
      ['export', run, '--format', 'classifier', '--out', temporaryFolder()],
      home,
    )
    expect([code, output]).toEqual([0, expect.stringMatching(/onnxruntime, batch 8: largest difference/)])
    const differences = [...output.matchAll(/difference (\S+) on/g)].map(([, number]) => Number(number))
    expect(Math.max(...differences)).toBeLessThanOrEqual(proofTolerance)
    console.log(`${_name}: ${Math.max(...differences)}`)
    const folder = /Written: (.*)/.exec(output)![1]!
    expect(readFileSync(path.join(folder, 'README.md'), 'utf8')).toContain(`## ${title}`)
    expect(readFileSync(path.join(folder, 'classifier.onnx')).includes('["animals","clothing"')).toBe(true)
  })
})

it.runIf(hasPython)("opens as the authors' fine-tuning script opens it, and in their own model", () => {
  const checkpoint = readdirSync(out).find((name) => name.endsWith('pytorch'))!
  const printed = runPython(
    'open_pth.py',
    path.join(out, checkpoint, 'checkpoint.pth'),
    '32',
    '8',
    '64',
    '2',
    '4',
    '2',
  )
  expect(printed.trim()).toBe('all weights fit; missing for fine-tuning: fc_norm, head')
})

it.runIf(hasPython)('opens in timm by its file of weights too, and with a new head', () => {
  const folder = readdirSync(out).find((name) => name.endsWith('timm'))!
  expect(runPython('open_timm.py', path.join(out, folder)).trim()).toBe(
    'the same features by file and with a new head of 10 classes',
  )
})

it('says what is wrong and leaves nothing behind', async () => {
  const folder = temporaryFolder()
  const missing = await saim(['export', run, '--format', 'timm', '--step', '3', '--out', folder], home)
  expect(missing).toMatchObject({ code: 3, output: expect.stringContaining('has no checkpoint of step') })
  expect(readdirSync(folder)).toEqual([])
})

it('is refused where its features differ', async () => {
  // A library that computes something else, as a broken export would.
  const broken = path.join(temporaryFolder(), 'python3')
  const program = `#!/bin/sh\nprintf 'odd 1.0\\n'; head -c 100000 /dev/zero`
  writeFileSync(broken, program, { mode: 0o755 })
  process.env['SAIM_PYTHON'] = broken
  const folder = temporaryFolder()
  const { code, output } = await saim(['export', run, '--format', 'onnx', '--out', folder], home)
  if (hasPython) process.env['SAIM_PYTHON'] = python
  else delete process.env['SAIM_PYTHON']
  expect(code).toBe(6)
  expect(output).toContain('do not give the run’s outputs')
  expect(existsSync(folder) && readdirSync(folder)).toEqual([])
})
