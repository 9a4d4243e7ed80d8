import { zipSync } from 'fflate'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect, it, vi } from 'vitest'
import { floats, pickled, stored } from '#test/helpers/pickles'
import { saim, temporaryFolder } from '#test/helpers/runs'

/** Small files of weights that would become gigabytes, as the command line meets them. */

const folder = temporaryFolder()
/** Notes the most memory that a process took, in kilobytes. */
const watch = path.join(folder, 'watch.cjs')
writeFileSync(
  watch,
  `process.on('exit', () => require('node:fs').appendFileSync(process.env.TAKEN, process.resourceUsage().maxRSS + '\\n'))`,
)

/** Imports a file into a home of its own. */
async function imported(file: string) {
  const home = temporaryFolder()
  const taken = path.join(home, 'taken')
  vi.stubEnv('NODE_OPTIONS', `--require ${watch}`)
  vi.stubEnv('TAKEN', taken)
  const result = await saim(['import', file], home)
  vi.unstubAllEnvs()
  const megabytes = Math.max(...readFileSync(taken, 'utf8').trim().split('\n').map(Number)) / 1024
  return { ...result, megabytes, hasRuns: existsSync(path.join(home, 'runs')) }
}

/** A safetensors file of a header and so many bytes. */
function safetensors(header: object, bytes: number): Buffer {
  const text = Buffer.from(JSON.stringify(header))
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(text.length))
  return Buffer.concat([length, text, Buffer.alloc(bytes)])
}
/** The shapes of a vision transformer of timm, so that all values are asked for. */
function visionTransformer(width: number, depth: number): Record<string, number[]> {
  const shapes: Record<string, number[]> = {
    cls_token: [1, 1, width],
    pos_embed: [1, 17, width],
    'patch_embed.proj.weight': [width, 3, 4, 4],
    'patch_embed.proj.bias': [width],
    'norm.weight': [width],
    'norm.bias': [width],
  }
  const linears = { 'attn.qkv': [3, 1], 'attn.proj': [1, 1], 'mlp.fc1': [4, 1], 'mlp.fc2': [1, 4] }
  for (let block = 0; block < depth; block++) {
    for (const [name, [out, into]] of Object.entries(linears)) {
      shapes[`blocks.${block}.${name}.weight`] = [out! * width, into! * width]
      shapes[`blocks.${block}.${name}.bias`] = [out! * width]
    }
    for (const name of ['norm1', 'norm2'])
      for (const kind of ['weight', 'bias']) shapes[`blocks.${block}.${name}.${kind}`] = [width]
  }
  return shapes
}

const sizeOf = (shape: number[]) => shape.reduce((a, b) => a * b)
const rowMajor = (shape: number[]) => shape.map((_, axis) => sizeOf([1, ...shape.slice(axis + 1)]))
const each = <T>(shapes: Record<string, number[]>, value: (shape: number[]) => T): Record<string, T> =>
  Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, value(shape)]))

const large = visionTransformer(1024, 9)
const largest = 4 * 1024 * 1024

it.each<[string, string, () => Uint8Array]>([
  [
    'weights that are one value seen again and again',
    'stride.pth',
    () => {
      const views = each(visionTransformer(4096, 1), (shape) => ({ shape, strides: shape.map(() => 0) }))
      return stored({ 'a/data.pkl': pickled(views), 'a/data/0': floats(1) })
    },
  ],
  [
    'weights that share their values',
    'shared.pth',
    () => {
      const views = each(large, (shape) => ({ shape, strides: rowMajor(shape) }))
      return stored({ 'a/data.pkl': pickled(views), 'a/data/0': new Uint8Array(4 * largest) })
    },
  ],
  [
    'weights of zeros, compressed',
    'deflated.pth',
    () => {
      let offset = 0
      const views = each(visionTransformer(1024, 2), (shape) => {
        const view = { shape, strides: rowMajor(shape), offset }
        offset += sizeOf(shape)
        return view
      })
      return zipSync({
        'a/data.pkl': [pickled(views), { level: 0 }],
        'a/data/0': [new Uint8Array(4 * offset), { level: 1 }],
      })
    },
  ],
  [
    'twenty million dictionaries',
    'pickle.pth',
    () => {
      const pickle = Buffer.concat([Buffer.from([0x80, 2]), Buffer.alloc(2e7, '}'), Buffer.from('.')])
      return stored({ 'a/data.pkl': pickle, 'a/data/0': floats(1) })
    },
  ],
  [
    'tensors that overlap',
    'overlap.safetensors',
    () => {
      const entry = (shape: number[]) => ({ dtype: 'F32', shape, data_offsets: [0, 4 * sizeOf(shape)] })
      return safetensors(each(large, entry), 4 * largest)
    },
  ],
  [
    'tensors beyond the end of the file',
    'endless.safetensors',
    () => {
      let end = 0
      const entry = (shape: number[]) => {
        const start = end
        end += 4 * sizeOf(shape)
        return { dtype: 'F32', shape, data_offsets: [start, end] }
      }
      return safetensors(each(large, entry), 64)
    },
  ],
  ['a header of 8 GB', 'header.safetensors', () => Buffer.from([0, 0, 0, 0, 2, 0, 0, 0, 0x7b, 0x7d])],
])('%s are refused in words, in little memory and leave no run', async (_, name, bytes) => {
  const file = path.join(folder, name)
  writeFileSync(file, bytes())
  const { code, output, megabytes, hasRuns } = await imported(file)
  expect(code).toBe(1)
  expect(output).toMatch(/^Error: .*\w/)
  expect(output).not.toMatch(/TypeError|RangeError|\n\s+at /)
  expect(megabytes).toBeLessThan(500)
  expect(hasRuns).toBe(false)
})
