import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { createEngine } from '#engine/engines'
import { encoderModel } from '#jobs/transfer/export/model'
import { Pickle } from '#formats/pytorch/pickle'
import { decodeSafetensors } from '#formats/safetensors'
import { openTensors } from '#formats/weights-file'
import type { NamedTensorData, StepFunction } from '#model/tensor/step'
import { forward } from '#model/objectives/saim'
import { orderOfNoise, withPlaces } from '#model/objectives/order'
import { imageNetStatistics } from '#shared/image-net'
import { loadCheckpoint } from '#storage/run/checkpoint'
import { readRun } from '#storage/run/run-folder'
import type { Hyperparameters } from '#shared/settings/hyperparameters'
import { hasPython, python, requirePythonInCi, runPython } from '#test/helpers/python'
import { saim, temporaryFolder } from '#test/helpers/runs'
import { placesOf, sortTokens } from '#model/vit/tokens'

const home = temporaryFolder()
const folder = temporaryFolder()

const importedRun = async (...parameters: string[]) => {
  const result = await saim(['import', ...parameters], home)
  expect(result, result.output).toMatchObject({ code: 0 })
  return { output: result.output, run: /Run folder: (.*)/.exec(result.output)![1]! }
}

requirePythonInCi()

describe.runIf(hasPython)("a checkpoint of ViT-B/16 as the authors' training script saves it", () => {
  let weights: NamedTensorData
  let h: Hyperparameters

  it('is imported whole, and the model told from it', async () => {
    runPython('authors_checkpoint.py', folder, ...[224, 16, 768, 12, 12, 12].map(String))
    const { output, run } = await importedRun(path.join(folder, 'checkpoint.pth'), '--name', 'ViT-B')
    expect(output).toContain("the authors' code: 393 used")
    expect(output).not.toContain('Not in the file')
    expect(output).not.toContain('not used here')
    const file = await readRun(run)
    h = file.hyperparameters
    expect(h).toMatchObject({
      imageSize: 224,
      patchSize: 16,
      width: 768,
      depth: 12,
      heads: 12,
      queryDepth: 12,
    })
    expect(file.status).toBe('stopped')
    weights = (await loadCheckpoint(run, 0)).weights
  })

  it('predicts and encodes as PyTorch does', async () => {
    const bytes = readFileSync(path.join(folder, 'truth.safetensors'))
    const truth = decodeSafetensors(bytes).tensors as NamedTensorData
    const order = withPlaces(orderOfNoise(truth['noise']!.values, 196), 196)
    const step: StepFunction = (w, { images, order }) => {
      const pixels = images!.transpose([0, 2, 3, 1])
      const prediction = sortTokens(forward(w, h, pixels, order!).prediction, placesOf(order!))
      return { outputs: { prediction, ...encoderModel(h).step(w, { images: pixels }).outputs } }
    }
    const engine = await createEngine('onnxruntime-cpu', { threads: 0 })
    const program = await engine.compile(step, engine.createState(weights), {
      images: { shape: [1, 3, 224, 224], dtype: 'float32' },
      order: { shape: [1, 2, 196], dtype: 'float32' },
    })
    const ours = await program.run({ images: truth['images']!.values as Float32Array, order })
    const features = [...ours['class_token']!.values, ...ours['patches']!.values]
    const difference = (a: ArrayLike<number>, b: ArrayLike<number>) => {
      expect(a.length).toBe(b.length)
      return Array.from(a).reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0)
    }
    const [predicted, encoded] = [
      difference(ours['prediction']!.values, truth['prediction']!.values),
      difference(features, truth['features']!.values),
    ]
    console.log(`ViT-B/16 and PyTorch: predictions differ by ${predicted}, features by ${encoded}`)
    expect(predicted).toBeLessThan(1e-4)
    expect(encoded).toBeLessThan(1e-4)
  })

  it('is also read in the format before PyTorch 1.6, in half precision too', async () => {
    const handle = await open(path.join(folder, 'legacy.pth'))
    const { read } = await openTensors(handle)
    expect((await read('model.cls_token')).values).toEqual(weights['cls_token']!.values)
    expect([...(await read('model.half')).values]).toEqual([0, 1, 2, 3])
    await handle.close()
  })
})

describe.runIf(hasPython)('a timm model with learned positions', () => {
  const place = temporaryFolder()
  it.each([32, 48])('has the same features at %d px, exports and trains on', async (size) => {
    if (size === 32) runPython('learned_positions.py', place)
    const parameters = [
      '--image-size',
      String(size),
      ...'--epochs 1 --batch-size 256 --warmup-epochs 0'.split(' '),
    ]
    const { output, run } = await importedRun(path.join(place, 'weights.pth'), ...parameters)
    expect(output).toContain(
      size === 32
        ? 'Positions: Learned, taken as those of'
        : 'Positions: Learned, interpolated from 4 × 4 to 6 × 6 patches',
    )
    const { hyperparameters: h } = await readRun(run)
    const { weights } = await loadCheckpoint(run, 0)
    const truth = decodeSafetensors(readFileSync(path.join(place, 'truth.safetensors')))
      .tensors as NamedTensorData
    const engine = await createEngine('onnxruntime-cpu', { threads: 0 })
    const step: StepFunction = (w, { images }) =>
      encoderModel(h).step(w, { images: images!.transpose([0, 2, 3, 1]) })
    const program = await engine.compile(step, engine.createState(weights), {
      images: { shape: [2, 3, size, size], dtype: 'float32' },
    })
    const { class_token, patches } = await program.run({
      images: truth[`images_${size}`]!.values as Float32Array,
    })
    const [wanted, each, patch] = [truth[`features_${size}`]!.values, h.width, patches!.values.length / 2]
    const ours = [0, 1].flatMap((b) => [
      ...class_token!.values.slice(b * each, (b + 1) * each),
      ...patches!.values.slice(b * patch, (b + 1) * patch),
    ])
    const difference = ours.reduce((most, value, i) => Math.max(most, Math.abs(value - wanted[i]!)), 0)
    console.log(`timm with learned positions at ${size} px: features differ by ${difference}`)
    expect(difference).toBeLessThan(1e-4)

    process.env['SAIM_PYTHON'] = python
    const exported = await saim(['export', path.basename(run), '--format', 'timm', '--out', place], home)
    delete process.env['SAIM_PYTHON']
    expect(exported.output).toMatch(/example.py with timm \S+, torch \S+: largest difference \d/)
    const resumed = await saim(['resume', path.basename(run)], home)
    expect(resumed.output).toMatch(/Run finished after 1 steps/)
    const after = (await loadCheckpoint(run, 1)).weights['pos_embed']!.values
    expect(after).not.toEqual(weights['pos_embed']!.values)
  })
})

it('makes a run that trains on, and exports as any other', async () => {
  const settings = '--image-size 16 --patch-size 4 --width 32 --depth 2 --heads 2 --query-depth 2'.split(' ')
  const short = '--epochs 1 --batch-size 256 --warmup-epochs 0'.split(' ')
  await saim(['train', ...settings, ...short, '--name', 'first'], home)
  const first = readdirSync(path.join(home, 'runs')).find((name) => name.startsWith('first'))!
  const { output } = await saim(['export', first, '--format', 'safetensors', '--out', folder], home)
  const file = path.join(/Written: (.*)/.exec(output)![1]!, 'model.safetensors')
  const { output: said, run } = await importedRun(file, ...short, '--name', 'second')
  expect(said).toContain('2 heads') // which no shape tells, but our own file says
  const { weights } = await loadCheckpoint(path.join(home, 'runs', first), 1)
  expect((await loadCheckpoint(run, 0)).weights).toEqual(weights)
  const resumed = await saim(['resume', path.basename(run)], home)
  expect(resumed.output).toMatch(/Run finished after 1 steps/)
})

it('normalises by the images of the run, where that is chosen', async () => {
  const file = 'test/fixtures/run-0.1/checkpoints/00000002/weights.safetensors'
  const { run: plain } = await importedRun(file, '--name', 'usual')
  const { run } = await importedRun(file, '--name', 'own', '--normalization', 'dataset')
  expect((await readRun(plain)).statistics).toEqual(imageNetStatistics)
  expect((await readRun(run)).statistics).not.toEqual(imageNetStatistics)
})

it('does nothing that a malicious pickle asks for', async () => {
  const pickle = new Pickle().global('os', 'system')
  pickle.tuple(() => pickle.text(`touch ${folder}/owned`)).call()
  const evil = pickle.finish()
  const file = path.join(folder, 'evil.pth')
  writeFileSync(file, evil)
  const { code, output } = await saim(['import', file], home)
  expect(code).toBe(1)
  expect(output).toContain('asks for the Python object os.system')
  expect(existsSync(path.join(folder, 'owned'))).toBe(false)
})
