import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { exportFormats, proofTolerance } from '../../src-shared/contract'
import { hasPython, python, requirePythonInCi, runPython } from '../helpers/python'
import { flags, saim, smallModel, temporaryFolder } from '../helpers/runs'

const home = temporaryFolder()
const out = temporaryFolder()
let run: string

/** A model of real images, trained a little, so that no weight is as it began. */
beforeAll(async () => {
  if (hasPython) process.env['SAIM_PYTHON'] = python
  const settings = { ...smallModel, 'image-size': 32, 'patch-size': 8, width: 64, heads: 4, 'batch-size': 64 }
  await saim(
    ['train', ...flags({ ...settings, epochs: 1, 'base-learning-rate': 0.01 }), '--name', 'Émoji 1'],
    home,
  )
  run = readdirSync(path.join(home, 'runs'))[0]!
})

requirePythonInCi()

/** The real library that loads each format in example.py. */
const libraries: Record<string, string[]> = {
  safetensors: ['timm', 'torch'],
  pytorch: ['timm', 'torch'],
  timm: ['timm', 'torch'],
  huggingface: ['transformers', 'torch'],
  onnx: ['onnxruntime'],
  tfjs: [],
}

describe.each(Object.keys(exportFormats))('an export as %s', (format) => {
  let folder: string
  let output: string

  it('gives the same features in the library that it is for', async () => {
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

  it('has a model card with licence, data, curve and proof, and an example', () => {
    const card = readFileSync(path.join(folder, 'README.md'), 'utf8')
    expect(card).toContain('license: cc-by-4.0')
    expect(card).toContain('495 of “sample-images”')
    expect(card).toMatch(format === 'tfjs' ? /TensorFlow.js \| 2 \| \d/ : /onnxruntime.* \| \d \| \d/)
    expect(readFileSync(path.join(folder, 'loss.svg'), 'utf8')).toContain('<polyline')
    expect(readdirSync(folder)).toContain(format === 'tfjs' ? 'index.html' : 'example.py')
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

it('says what is wrong and leaves nothing behind', async () => {
  const folder = temporaryFolder()
  const missing = await saim(['export', run, '--format', 'timm', '--step', '3', '--out', folder], home)
  expect(missing).toMatchObject({ code: 1, output: expect.stringContaining('no such checkpoint') })
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
  expect(code).toBe(1)
  expect(output).toContain('give other features than the run')
  expect(existsSync(folder) && readdirSync(folder)).toEqual([])
})
