import { readFileSync } from 'node:fs'
import path from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { createEngine } from '#engine/engines'
import { fitWeights } from '#jobs/transfer/import/fit'
import { encoderModel } from '#jobs/transfer/export/model'
import { decodeSafetensors } from '#formats/safetensors'
import { readWeights } from '#formats/weights-file'
import type { NamedTensorData, StepFunction } from '#model/tensor/step'
import type { Hyperparameters } from '#shared/settings/hyperparameters'
import { hasPython, requirePythonInCi, runPython } from '#test/helpers/python'
import { temporaryFolder } from '#test/helpers/runs'

requirePythonInCi()

const folder = temporaryFolder()
const fit = async (name: string, changes: Partial<Hyperparameters> = {}) => {
  const file = path.join(folder, `${name}.${name.startsWith('hf-') ? 'safetensors' : 'pth'}`)
  return fitWeights(await readWeights(file), changes)
}

/** By how much features of the imported model differ from the library's, as a share of the largest of them. */
async function difference(name: string, changes?: Partial<Hyperparameters>): Promise<number> {
  const { h, weights } = await fit(name, changes)
  const truth = decodeSafetensors(readFileSync(path.join(folder, `${name}.truth.safetensors`)))
    .tensors as NamedTensorData
  const engine = await createEngine('onnxruntime-cpu', { threads: 0 })
  const step: StepFunction = (w, { images }) =>
    encoderModel(h).step(w, { images: images!.transpose([0, 2, 3, 1]) })
  const { shape, values: images } = truth['images']!
  const program = await engine.compile(step, engine.createState(weights), {
    images: { shape, dtype: 'float32' },
  })
  const { class_token, patches } = await program.run({ images: images as Float32Array })
  const tokens = patches!.values.length / shape[0]! / h.width
  const ours = Array.from({ length: shape[0]! }, (_, b) => [
    ...class_token!.values.slice(b * h.width, (b + 1) * h.width),
    ...patches!.values.slice(b * tokens * h.width, (b + 1) * tokens * h.width),
  ]).flat()
  const wanted = Array.from(truth['features']!.values as Float32Array)
  expect(ours.length).toBe(wanted.length)
  const largest = wanted.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
  const apart = wanted.reduce((most, value, i) => Math.max(most, Math.abs(value - ours[i]!)), 0)
  console.log(`${name}: features up to ${largest.toFixed(2)} differ by ${apart}`)
  return apart / largest
}

describe.runIf(hasPython)('features of models as other libraries save them are those of the library:', () => {
  const same: [string, Partial<Hyperparameters>?][] = [
    ['timm-tiny'],
    ['timm-layer-scale'],
    ['timm-no-qkv-bias'],
    ['timm-mean'],
    ['timm-no-embed-class', { imageSize: 32 }],
    ['hf-tiny'],
    ['hf-dinov2'],
    ['hf-dinov2-registers'],
    ['timm-dinov2-registers', { imageSize: 32 }],
    ['timm-registers'],
  ]
  const refused: [string, RegExp][] = [
    ['timm-no-class-token', /no class token/],
    ['timm-pre-norm', /a LayerNorm before the blocks/],
    ['timm-qk-norm', /normalised queries and keys/],
    ['timm-distilled', /a distillation token/],
    ['hf-distilled', /a distillation token/],
    ['timm-dinov3', /rotary/],
    ['hf-dinov3', /rotary/],
  ]
  beforeAll(() => {
    runPython('library_vits.py', folder, ...[...same, ...refused].map(([name]) => name))
  })

  it.each(same)('%s', async (name, changes) => {
    expect(await difference(name, changes)).toBeLessThan(1e-5)
  })

  it('those with LayerScale say what became of it', async () => {
    expect((await fit('timm-layer-scale')).report.model).toMatch(/LayerScale is multiplied into/)
    expect((await fit('timm-tiny')).report.model).not.toMatch(/LayerScale/)
  })

  it.each(refused)('or they are refused in words: %s', async (name, words) => {
    await expect(fit(name)).rejects.toThrow(words)
  })
})
