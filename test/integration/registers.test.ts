import { readdirSync } from 'node:fs'
import path from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { readWeights } from '#formats/weights-file'
import { fitWeights } from '#jobs/transfer/import/fit'
import { loadCheckpoint } from '#storage/run/checkpoint'
import { readRun } from '#storage/run/run-folder'
import { hasPython, python, requirePythonInCi } from '#test/helpers/python'
import { flags, makeImages, saim, smallModel, temporaryFolder } from '#test/helpers/runs'

requirePythonInCi()

describe('a run with registers', () => {
  const home = temporaryFolder()
  let run: string
  beforeAll(async () => {
    if (hasPython) process.env['SAIM_PYTHON'] = python
    const images = temporaryFolder()
    await makeImages(images, 40)
    await saim(['train', images, ...flags({ ...smallModel, registers: 3, 'base-learning-rate': 0.1 })], home)
    run = path.join(home, 'runs', readdirSync(path.join(home, 'runs'))[0]!)
  })

  it('trains them', async () => {
    const { status, step } = await readRun(run)
    expect(status).toBe('finished')
    const tokens = async (at: number) => (await loadCheckpoint(run, at)).weights['register_tokens']!
    expect((await tokens(step)).shape).toEqual([1, 3, 32])
    expect((await tokens(step)).values).not.toEqual((await tokens(step / 2)).values)
  })

  it('is fine-tuned like any other', async () => {
    const { code, output } = await saim(['finetune', run, '--epochs', '1', '--warmup-epochs', '0'], home)
    expect(output).toMatch(/validation images: top-1 \d/)
    expect(code).toBe(0)
  })

  const formats: [string, string | null][] = [
    ['safetensors', 'timm'],
    ['timm', 'timm'],
    ['huggingface', 'transformers'],
    ['onnx', null],
    ['tfjs', null],
  ]
  it.each(formats)('gives its features as %s, and comes back from it', async (format, library) => {
    const out = temporaryFolder()
    // An export whose files give other features is refused.
    const { code, output } = await saim(['export', run, '--format', format, '--out', out], home)
    expect(code, output).toBe(0)
    if (library === null) return
    if (hasPython) expect(output).toMatch(new RegExp(`example.py with ${library} .*largest difference`))
    const file = path.join(out, readdirSync(out)[0]!, 'model.safetensors')
    const { h, weights } = fitWeights(await readWeights(file), {})
    expect(h).toMatchObject({ registers: 3, imageSize: 16 })
    const { step } = await readRun(run)
    expect(weights['register_tokens']).toEqual((await loadCheckpoint(run, step)).weights['register_tokens'])
  })
})
