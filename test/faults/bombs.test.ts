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
const same = { dtype: 'F32', shape: [2 ** 20], data_offsets: [0, 2 ** 22] }
const view = (shape: number[], strides: number[]) => pickled({ 'norm.weight': { shape, strides } })

it.each<[string, string, () => Uint8Array]>([
  [
    'one value seen a billion times',
    'stride.pth',
    () => stored({ 'a/data.pkl': view([32768, 32768], [0, 0]), 'a/data/0': floats(1) }),
  ],
  [
    'values that a thousand tensors share',
    'shared.pth',
    () =>
      stored({
        'a/data.pkl': pickled(
          Object.fromEntries(
            Array.from({ length: 1000 }, (_, i) => [`w${i}`, { shape: [2 ** 20], strides: [1] }]),
          ),
        ),
        'a/data/0': new Uint8Array(2 ** 22),
      }),
  ],
  [
    'zeros, compressed',
    'deflated.pth',
    () =>
      zipSync({
        'a/data.pkl': [view([2 ** 27], [1]), { level: 0 }],
        'a/data/0': [new Uint8Array(2 ** 29), { level: 1 }],
      }),
  ],
  [
    'a pickle of a hundred million dictionaries',
    'pickle.pth',
    () =>
      stored({
        'a/data.pkl': Buffer.concat([Buffer.from([0x80, 2]), Buffer.alloc(1e8, '}'), Buffer.from('.')]),
      }),
  ],
  [
    'tensors that overlap a thousand times',
    'overlap.safetensors',
    () => safetensors(Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`w${i}`, same])), 2 ** 22),
  ],
  [
    'sizes beyond the file',
    'endless.safetensors',
    () => safetensors({ w: { dtype: 'F32', shape: [2 ** 40], data_offsets: [0, 2 ** 42] } }, 64),
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
