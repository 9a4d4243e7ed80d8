import fc from 'fast-check'
import { zipSync } from 'fflate'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { AppError } from '#shared/errors'
import type { FloatTensors } from '#formats/tensors'
import { openTensors } from '#formats/weights-file'
import { type Described, floats, pickled, stored } from '#test/helpers/pickles'
import { constructorOf } from './classes'
import { Pickle } from './pickle'
import { unpickle } from './unpickle'
import { encodePth } from './write'

const folder = mkdtempSync(path.join(tmpdir(), 'saim-pth-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** All tensors of numbers with a fraction in a file of those bytes. */
async function read(bytes: Uint8Array): Promise<FloatTensors> {
  const file = path.join(folder, 'file.pth')
  writeFileSync(file, bytes)
  const handle = await open(file)
  try {
    const { tensors, read } = await openTensors(handle)
    const found: FloatTensors = {}
    for (const [name, { isFloat }] of tensors) if (isFloat) found[name] = await read(name)
    return found
  } finally {
    await handle.close()
  }
}

const tensors = {
  matrix: { shape: [2, 3], values: Float32Array.of(1, -2, 3, 4, 5, 6e-30) },
  vector: { shape: [1], values: Float32Array.of(7) },
  scalar: { shape: [], values: Float32Array.of(8) },
}
const written = Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [`model.${name}`, tensor]))

it('reads what it wrote', async () => {
  expect(await read(encodePth(tensors, 3))).toEqual(written)
})

it('begins each tensor at a multiple of 64 bytes', () => {
  const bytes = Buffer.from(
    encodePth({ ...tensors, alone: { shape: [2], values: Float32Array.of(1e7, 1e8) } }, 3),
  )
  expect(bytes.indexOf(Buffer.from(Float32Array.of(1e7, 1e8).buffer)) % 64).toBe(0)
})

it('refuses a torn file', async () => {
  const bytes = encodePth(tensors, 3)
  for (const length of [0, 3, 40, 300, bytes.length - 30])
    await expect(read(bytes.subarray(0, length))).rejects.toMatchObject({ code: 'weights-unreadable' })
})

describe('a tensor that is a view', () => {
  const data = { 'a/data/0': floats(0, 1, 2, 3, 4, 5) }
  const view = (described: Described) => read(stored({ 'a/data.pkl': pickled({ w: described }), ...data }))

  it.each([
    ['transposed', { shape: [3, 2], strides: [1, 3] }, [0, 3, 1, 4, 2, 5]],
    ['a column', { shape: [2], strides: [3], offset: 1 }, [1, 4]],
    ['rows that it shares', { shape: [2, 2], strides: [1, 1] }, [0, 1, 1, 2]],
    ['nothing', { shape: [0, 5], strides: [5, 1] }, []],
  ])('is read: %s', async (_what, described, values) => {
    expect([...(await view(described))['w']!.values]).toEqual(values)
  })

  it.each([
    ['one value seen a billion times', { shape: [32768, 32768], strides: [0, 0] }],
    ['more than its storage has', { shape: [7], strides: [1] }],
    ['what lies behind its storage', { shape: [2], strides: [1], offset: 5 }],
    ['more numbers than there are', { shape: [2 ** 30, 2 ** 30], strides: [0, 0] }],
    ['fewer steps than axes', { shape: [2, 3], strides: [1] }],
  ])('is refused: %s', async (_what, described) => {
    await expect(view(described)).rejects.toMatchObject({ code: 'weights-unreadable' })
  })

  it('may share its storage with others, but not with a thousand', async () => {
    const sharing = (count: number) => {
      const names = Array.from({ length: count }, (_, i) => [`w${i}`, { shape: [4096], strides: [1] }])
      const pickle = pickled(Object.fromEntries(names))
      return read(stored({ 'a/data.pkl': pickle, 'a/data/0': floats(...new Array(4096).fill(1)) }))
    }
    expect(Object.keys(await sharing(3))).toHaveLength(3)
    await expect(sharing(1000)).rejects.toThrow(/more numbers than the file has bytes/)
  })
})

it('refuses an archive that is compressed: a small one could become a large one', async () => {
  const files = {
    'a/data.pkl': pickled({ w: { shape: [1], strides: [1] } }),
    'a/data/0': new Uint8Array(2 ** 22),
  }
  await expect(read(zipSync({ ...files, 'a/data/0': [files['a/data/0'], { level: 9 }] }))).rejects.toThrow(
    /compressed/,
  )
})

it('refuses a pickle that makes more objects than its bytes can mean', () => {
  const bytes = Buffer.concat([Buffer.from([0x80, 2]), Buffer.alloc(3e6, '}'), Buffer.from('.')])
  expect(() =>
    unpickle(
      bytes,
      () => undefined,
      () => null,
    ),
  ).toThrow(/more objects/)
})

it('reads weights beside which numbers of NumPy, types and settings stand', async () => {
  const extras = (pickle: Pickle) => {
    pickle.text('dtype').global('torch', 'int64')
    pickle.text('mean').global('numpy.core.multiarray', '_reconstruct')
    pickle.tuple(() => {
      pickle.global('numpy', 'ndarray').tuple(() => pickle.integer(0))
      pickle.text('b')
    })
    pickle.call()
    pickle.text('counts').global('collections', 'defaultdict')
    pickle.tuple(() => pickle.global('builtins', 'int')).call()
    pickle.items(() => pickle.text('steps').integer(3))
    pickle.text('settings').global('omegaconf.dictconfig', 'DictConfig')
    pickle.tuple(() => undefined).call()
    pickle.items(() => pickle.text('lr').integer(1))
  }
  const pickle = pickled({ w: { shape: [2], strides: [1] } }, extras)
  expect(await read(stored({ 'a/data.pkl': pickle, 'a/data/0': floats(1, 2) }))).toEqual({
    w: { shape: [2], values: Float32Array.of(1, 2) },
  })
})

it('says what else a file is', async () => {
  const text = (words: string) => read(Buffer.from(words))
  await expect(text('version https://git-lfs.github.com/spec/v1\n')).rejects.toThrow(/git lfs pull/)
  await expect(text('<!DOCTYPE html><html>')).rejects.toThrow(/web/)
  await expect(text('')).rejects.toThrow(/empty/)
  await expect(text('a,b\n1,2\n')).rejects.toThrow(/neither a .pth nor a safetensors/)
  await expect(read(stored({ 'Transformer/weights.npy': floats(1) }))).rejects.toThrow(/NumPy/)
  await expect(
    read(stored({ 'a/data.pkl': new Uint8Array(1), 'a/constants.pkl': floats(1) })),
  ).rejects.toThrow(/TorchScript/)
  const whole = new Pickle().global('timm.models.vision_transformer', 'VisionTransformer').finish()
  await expect(read(stored({ 'a/data.pkl': whole }))).rejects.toThrow(/VisionTransformer.*state_dict/)
})

it('runs nothing of a malicious pickle and names what it asked for', async () => {
  const pickle = new Pickle().global('posix', 'system')
  pickle.tuple(() => pickle.text(`touch ${folder}/owned`)).call()
  const evil = pickle.finish()
  for (const bytes of [evil, stored({ 'archive/data.pkl': evil })])
    await expect(read(bytes)).rejects.toMatchObject({
      code: 'weights-unreadable',
      message: expect.stringContaining('posix.system'),
    })
  // Nor does the name of something that every JavaScript object has lead anywhere.
  const sly = new Pickle().global('__proto__', 'constructor').finish()
  expect(() => unpickle(sly, constructorOf, () => null)).toThrow(/__proto__.constructor/)
})

it('answers any bytes with a value or an error that says so', () => {
  const opcodes = fc.constantFrom(...Buffer.from('(tld}]uaesbRQcNKqhr\x85\x86\x87\x81\x93\x94.', 'latin1'))
  fc.assert(
    fc.property(fc.array(fc.oneof(opcodes, fc.nat(255))), (bytes) => {
      try {
        unpickle(Uint8Array.from(bytes), constructorOf, () => null)
      } catch (error) {
        expect(error).toBeInstanceOf(AppError)
        expect(String(error)).not.toMatch(/\[object|undefined/)
      }
    }),
    { numRuns: 2000, examples: [[[...Buffer.from('}}\x93.', 'latin1')]]] },
  )
})
