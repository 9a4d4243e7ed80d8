import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { toErrorData } from '#shared/errors'
import { rootOf } from './roots'
import { encodeSafetensors } from './safetensors'
import { readWeights } from './weights-file'

const folder = mkdtempSync(path.join(tmpdir(), 'saim-weights-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const one = (value: number) => ({ shape: [1], values: Float32Array.of(value) })
function written(name: string, ...contents: Parameters<typeof encodeSafetensors>): string {
  const file = path.join(folder, name)
  writeFileSync(file, Buffer.concat(encodeSafetensors(...contents)))
  return file
}

describe('the root of a model', () => {
  const model = (root: string) => [`${root}patch_embed.proj.weight`, `${root}blocks.0.norm1.weight`]

  it.each([
    '',
    'module.',
    '_orig_mod.',
    'model.',
    'encoder.',
    'backbone.',
    'deit.',
    'module.backbone.',
    'a.b.c.',
  ])('is what stands before its names: “%s”', (root) => expect(rootOf([...model(root), 'epoch'])).toBe(root))

  it('is told by the names of Hugging Face too', () => {
    expect(rootOf(['vit.embeddings.patch_embeddings.projection.weight', 'classifier.weight'])).toBe('vit.')
  })

  it.each([
    ['student.backbone.', 'teacher.backbone.'],
    ['model_ema.', 'model.'],
    ['state_dict_ema.', 'state_dict.'],
    ['encoder.', 'target_encoder.'],
    ['module.momentum_encoder.', 'module.base_encoder.'],
  ])('is that of the model that is meant: not %s but %s', (other, meant) => {
    expect(rootOf([...model(other), ...model(meant)])).toBe(meant)
  })

  it('is not guessed where there are several, and not found where there is none', () => {
    expect(() => rootOf([...model('left.'), ...model('right.')])).toThrow(/several models: left\., right\./)
    expect(() => rootOf(['model.blocks.3.norm1.weight'])).toThrow(/one part of a model/)
    expect(() => rootOf(['conv1.weight'])).toThrow(/no weights of a vision transformer/)
  })
})

it('reads what is below the root, and names what is beside it and what is no weight', async () => {
  const file = written('a.safetensors', {
    'net.patch_embed.proj.weight': one(1),
    'net.blocks.0.mask': { shape: [2], values: Uint8Array.of(0, 1) },
    'head.a.weight': one(2),
    'head.b.weight': one(3),
    step: one(4),
  })
  expect(await readWeights(file)).toMatchObject({
    tensors: { 'patch_embed.proj.weight': one(1) },
    root: 'net.',
    notFloat: ['blocks.0.mask'],
    beside: ['head.*', 'step'],
  })
})

it('reads what lies beyond 2 GiB of a file, which Node does not take at once', async () => {
  const [before, weight] = [2 ** 31 + 8, [1, 2]]
  const entry = (dtype: string, size: number, start: number, end: number) => ({
    ...{ dtype, shape: [size], data_offsets: [start, end] },
  })
  const json = JSON.stringify({
    'blocks.0.mask': entry('U8', before, 0, before),
    'patch_embed.proj.weight': entry('F32', 2, before, before + 8),
  })
  const start = Buffer.alloc(8)
  start.writeBigUInt64LE(BigInt(json.length))
  const file = path.join(folder, 'large.safetensors')
  const handle = await open(file, 'w')
  await handle.write(Buffer.concat([start, Buffer.from(json)]))
  await handle.write(Buffer.from(Float32Array.from(weight).buffer), 0, 8, 8 + json.length + before)
  await handle.close()
  const { tensors } = await readWeights(file)
  expect([...tensors['patch_embed.proj.weight']!.values]).toEqual(weight)
})

describe('what is no file of weights', () => {
  it('is a part of a model', async () => {
    const parts = path.join(folder, 'parts')
    mkdirSync(parts)
    const part = written('parts/model-00001-of-00002.safetensors', { 'patch_embed.proj.weight': one(1) })
    writeFileSync(path.join(parts, 'model.safetensors.index.json'), '{"weight_map": {}}')
    await expect(readWeights(part)).rejects.toThrow(/part 1 of 2/)
    await expect(readWeights(parts)).rejects.toThrow(/a folder with a model in parts/)
    await expect(readWeights(path.join(parts, 'model.safetensors.index.json'))).rejects.toThrow(/JSON/)
    const whole = written('model-00001-of-00001.safetensors', { 'patch_embed.proj.weight': one(1) })
    expect((await readWeights(whole)).root).toBe('')
  })

  it('is a folder, and its advice names the files in it', async () => {
    mkdirSync(path.join(folder, 'plain'))
    written('plain/weights.safetensors', {})
    await expect(readWeights(path.join(folder, 'plain'))).rejects.toMatchObject({
      message: expect.stringContaining('is a folder'),
      advice: expect.stringContaining('weights.safetensors'),
    })
  })

  it.skipIf(process.platform === 'win32')('is a pipe, for which nobody waits', async () => {
    const pipe = path.join(folder, 'pipe.pth')
    execFileSync('mkfifo', [pipe])
    await expect(readWeights(pipe)).rejects.toThrow(/a pipe or a device/)
  })

  it('is not there', async () => {
    await expect(readWeights(path.join(folder, 'none.pth'))).rejects.toMatchObject({ code: 'folder-missing' })
    const long = await readWeights(path.join(folder, `${'n'.repeat(300)}.pth`)).catch(toErrorData)
    expect(long).toMatchObject({ message: expect.stringContaining('is too long') })
    const through = await readWeights(path.join(folder, 'a.safetensors', 'b.pth')).catch(toErrorData)
    expect(through).toMatchObject({ message: expect.stringContaining('leads through one') })
  })
})
