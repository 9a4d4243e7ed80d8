import { zipSync } from 'fflate'
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect, it } from 'vitest'
import { AppError } from '#shared/errors'
import { fromPreset } from '#shared/settings/hyperparameters'
import { authors, huggingFace, timm } from '#formats/layouts'
import { Pickle } from '#formats/pytorch/pickle'
import { encodePth } from '#formats/pytorch/write'
import { encodeSafetensors } from '#formats/safetensors'
import type { FloatTensors } from '#formats/tensors'
import { readWeights } from '#formats/weights-file'
import { initialWeights } from '#model/objectives/index'
import { fitWeights } from '#jobs/transfer/import/fit'
import { type Chance, chance, rounds } from '#test/helpers/fuzz'
import { temporaryFolder } from '#test/helpers/runs'

/** Files of weights that were broken, and such as nobody writes: each is imported, or refused in words, soon and in little memory. */

const file = path.join(temporaryFolder(), 'weights')
const h = fromPreset('nano', { imageSize: 16, patchSize: 8, width: 16, depth: 1, heads: 1, queryDepth: 1 })
const ours: FloatTensors = initialWeights(h, 1)
const layouts = [authors, timm, huggingFace].map((layout) => layout.write(ours, h))
const settings = { format: 'pt', saim: JSON.stringify(h) }

/** The numbers that parsers trip over. */
const numbers = [
  0,
  1,
  -1,
  2,
  4,
  16,
  255,
  65535,
  2 ** 31 - 1,
  2 ** 31,
  2 ** 32,
  2 ** 40,
  2 ** 53,
  2 ** 60,
  1e308,
  0.5,
]
const small = (c: Chance) => c.pick([0, 1, 1, 2, 3, 4, 16, 64])
const count = (c: Chance) => (c.below(3) ? small(c) : Math.max(0, Math.floor(c.pick(numbers))))
const several = <T>(c: Chance, most: number, make: () => T) => Array.from({ length: c.below(most + 1) }, make)
const names = [
  'patch_embed.proj.weight',
  'cls_token',
  'pos_embed',
  'blocks.0.norm1.bias',
  '__proto__',
  'a',
  '',
]
const roots = ['', 'model.', 'module.', 'teacher.backbone.', 'student.', 'constructor.', 'model_ema.']
const nameOf = (c: Chance) => c.pick(roots) + c.pick(c.below(2) ? names : Object.keys(c.pick(layouts)))

const text = (json: string, data: Uint8Array) => {
  const start = Buffer.alloc(8)
  start.writeBigUInt64LE(BigInt(Buffer.byteLength(json)))
  return Buffer.concat([start, Buffer.from(json), data])
}

/** A header whose entries may be anything. */
function strangeSafetensors(c: Chance): Buffer {
  let end = 0
  const strange = (): unknown =>
    c.pick<unknown>([
      null,
      true,
      '4',
      {},
      [],
      [[1]],
      c.pick(numbers),
      { length: 2 },
      several(c, 3, () => c.pick(numbers)),
    ])
  const entry = () => {
    const shape = several(c, 4, () => small(c))
    const offsets = [end, (end += 4 * shape.reduce((a, b) => a * b, 1))]
    const dtype = c.pick([
      'F32',
      'F32',
      'F32',
      'F16',
      'BF16',
      'I64',
      'F8_E4M3',
      'F4',
      'BOOL',
      'X',
      'toString',
    ])
    const whole: Record<string, unknown> = { dtype, shape, data_offsets: offsets }
    if (!c.below(4)) whole[c.pick(Object.keys(whole))] = strange()
    return c.below(12) ? whole : strange()
  }
  const entries = several(c, 12, () => `${JSON.stringify(nameOf(c))}:${JSON.stringify(entry())}`)
  const metadata = c.pick([
    strange(),
    settings,
    { saim: JSON.stringify({ ...h, [c.pick(Object.keys(h))]: strange() }) },
  ])
  return text(
    `{${[...entries, `"__metadata__":${JSON.stringify(metadata)}`].join(',')}}`,
    Buffer.alloc(c.below(4) ? Math.min(end, 2 ** 20) : small(c)),
  )
}

/** A whole model of which some entries of the header are others. */
function changedHeader(c: Chance): Buffer {
  const whole = Buffer.concat(encodeSafetensors(c.pick(layouts), settings))
  const length = Number(whole.readBigUInt64LE())
  let json = whole.toString('utf8', 8, 8 + length)
  for (let i = c.below(3); i >= 0; i--) {
    const found = [...json.matchAll(/\d+|"[^"]*"/g)]
    const { 0: old, index } = c.pick(found)
    const replaced = c.below(2)
      ? String(c.pick(numbers))
      : JSON.stringify(c.pick([nameOf(c), 'F64', 'I8', 'F16']))
    json = json.slice(0, index) + replaced + json.slice(index + old.length)
  }
  return text(json, whole.subarray(8 + length))
}

const classes =
  'torch._utils._rebuild_tensor_v2 torch._utils._rebuild_tensor_v3 collections.OrderedDict torch.FloatStorage torch.LongStorage torch.float16 torch.storage.UntypedStorage numpy.dtype os.system builtins.int torch._tensor._rebuild_from_type_v2'

/** A pickle of tensors and other objects, nested as they come. */
function strangePickle(c: Chance): Uint8Array {
  const pickle = new Pickle()
  const global = () => {
    const [, module, name] = /^(.*)\.(.*)$/.exec(c.pick(classes.split(' ')))!
    pickle.global(module!, name!)
  }
  const counts = () => {
    const values = several(c, 4, () => count(c))
    pickle.tuple(() => values.forEach((n) => pickle.integer(n)))
    return values
  }
  const tensor = () => {
    pickle.global('torch._utils', '_rebuild_tensor_v2')
    pickle.tuple(() => {
      pickle.tuple(() => {
        pickle
          .text('storage')
          .global('torch', c.pick(['FloatStorage', 'HalfStorage', 'LongStorage', 'DoubleStorage']))
        pickle
          .text(String(c.below(3)))
          .text('cpu')
          .integer(count(c))
      })
      pickle.persistent().integer(c.below(3) ? 0 : count(c))
      const shape = counts()
      if (c.below(3))
        pickle.tuple(() =>
          shape.forEach((_, i) =>
            pickle.integer(c.below(4) ? shape.slice(i + 1).reduce((a, b) => Math.min(a * b, 2 ** 40), 1) : 0),
          ),
        )
      else counts()
      pickle.boolean(false)
    })
    pickle.call()
  }
  const value = (depth: number): void => {
    const kind = c.below(depth > 4 ? 4 : 8)
    if (kind < 2) tensor()
    else if (kind === 2) pickle.integer(count(c))
    else if (kind === 3) pickle.text(c.pick(names))
    else if (kind === 4) pickle.tuple(() => several(c, 4, () => value(depth + 1)))
    else if (kind === 5) {
      global()
      if (c.below(2)) pickle.tuple(() => several(c, 5, () => value(depth + 1))).call()
    } else dictionary(depth + 1)
  }
  const dictionary = (depth: number): void =>
    void pickle.dictionary(() => {
      for (let i = c.below(8); i >= 0; i--) {
        pickle.text(nameOf(c))
        value(depth)
      }
    })
  if (c.below(10)) dictionary(0)
  else value(0)
  return pickle.finish()
}

const storages = (c: Chance) =>
  Object.fromEntries([0, 1, 2].map((key) => [`a/data/${key}`, new Uint8Array(4 * c.pick([0, 1, 16, 4096]))]))
const archive = (c: Chance, pickle: Uint8Array) =>
  Buffer.from(zipSync({ 'a/data.pkl': pickle, ...storages(c) }, { level: c.below(8) ? 0 : 9 }))

/** Pickles one after another, then storages with their sizes. */
function legacy(c: Chance, pickle: Uint8Array): Buffer {
  const magic = Buffer.from('80028a0a6cfc9c46f9206aa850192e', 'hex')
  const one = new Pickle().integer(1001).finish()
  const keys = new Pickle()
  keys.tuple(() => ['0', '1', '2'].forEach((key) => keys.text(key)))
  const sizes = ['0', '1', '2'].flatMap(() => {
    const size = Buffer.alloc(8)
    const numbers = c.below(6) ? c.pick([0, 1, 16, 64]) : c.pick([2 ** 31, 2 ** 52, 1e9])
    size.writeBigUInt64LE(BigInt(numbers))
    return [size, Buffer.alloc(numbers < 1000 ? 4 * numbers : 8)]
  })
  return Buffer.concat([magic, one, one, pickle, keys.finish(), ...sizes])
}

/** Some bytes are others, gone, twice there or in another place. */
function broken(c: Chance, whole: Uint8Array): Buffer {
  let bytes = Buffer.from(whole)
  for (let i = c.below(4); i >= 0; i--) {
    // Where a file says what it holds is worth more than its values.
    const edge = c.pick([64, 1024, bytes.length])
    const at = c.below(3)
      ? c.below(Math.min(edge, bytes.length))
      : Math.max(0, bytes.length - 1 - c.below(edge))
    const length = c.pick([1, 2, 8, 100, 4096])
    const part = bytes.subarray(at, at + length)
    const big = Buffer.alloc(8)
    big.writeBigUInt64LE(BigInt(c.pick([0, 1, 2 ** 31, 2 ** 32 - 1, 2 ** 40, 2 ** 53])))
    const replaced = c.pick([
      c.bytes(Math.min(length, 8)),
      big,
      Buffer.alloc(0),
      Buffer.concat([part, part]),
      Buffer.alloc(length, c.pick([0, 255, 0x7b, 0x28])),
    ])
    const rest = c.below(2) ? at + replaced.length : at + length
    bytes = Buffer.concat([bytes.subarray(0, at), replaced, bytes.subarray(rest)])
  }
  return c.below(5) ? bytes : bytes.subarray(0, c.below(bytes.length + 1))
}

const whole = (c: Chance): Uint8Array =>
  c.below(2) ? encodePth(c.pick(layouts), 3) : Buffer.concat(encodeSafetensors(c.pick(layouts), settings))

/** A pickle in which operations stand where others stood. */
const brokenPickle = (c: Chance) => {
  const bytes = Buffer.from(strangePickle(c))
  for (let i = c.below(5); i >= 0; i--)
    bytes[2 + c.below(bytes.length - 2)] = c.pick([
      ...Buffer.from('(tld}]uaesbRQcNKqhrX2.\x85\x86\x87\x81\x93\x94\x95\x8a', 'latin1'),
    ])
  return bytes
}

/** A whole model in whose pickle a few bytes are others. */
function changedPickle(c: Chance): Buffer {
  const bytes = Buffer.from(encodePth(c.pick(layouts), 3))
  const [start, end] = [bytes.indexOf('data.pkl') + 8, bytes.indexOf('byteorder')]
  for (let i = c.below(3); i >= 0; i--)
    bytes[start + c.below(end - start)] = c.pick([c.below(256), 0, 1, 2, 255])
  return bytes
}

const kinds: Record<string, (c: Chance) => Uint8Array> = {
  'broken bytes': (c) => broken(c, whole(c)),
  'another header': changedHeader,
  'another pickle': changedPickle,
  'a strange header': strangeSafetensors,
  'a strange pickle': (c) => archive(c, strangePickle(c)),
  'a broken pickle': (c) => archive(c, brokenPickle(c)),
  'the old format': (c) => legacy(c, c.below(2) ? strangePickle(c) : brokenPickle(c)),
  'broken, the old format': (c) => broken(c, legacy(c, strangePickle(c))),
  'broken twice': (c) => broken(c, archive(c, brokenPickle(c))),
  'any bytes': (c) =>
    Buffer.concat(
      [
        c
          .pick(['PK\x03\x04', '\x80\x02', '01234567{"', ''])
          .split('')
          .map((x) => Buffer.from(x, 'latin1')),
        [c.bytes(c.below(200))],
      ].flat(),
    ),
}

const allowed = new Set([
  'weights-unreadable',
  'weights-misfit',
  'checkpoint-corrupt',
  'bad-settings',
  'not-finite',
])

it('imports or refuses each in words, soon and in little memory', async () => {
  const c = chance('weights')
  const outcomes: Record<string, number> = {}
  const [memory, start] = [process.resourceUsage().maxRSS, performance.now()]
  let slowest = 0
  const names = Object.keys(kinds)
  const files = rounds(450)
  for (let i = 0; i < files; i++) {
    const kind = names[i % names.length]!
    const bytes = kinds[kind]!(c)
    writeFileSync(file, bytes)
    const begin = performance.now()
    let outcome = 'imported'
    try {
      const read = await readWeights(file)
      const taken = Object.values(read.tensors).reduce((sum, { values }) => sum + values.byteLength, 0)
      expect(taken).toBeLessThanOrEqual(4 * bytes.length)
      fitWeights(read, {})
    } catch (error) {
      const isSaid =
        error instanceof AppError &&
        allowed.has(error.code) &&
        !/undefined|\[object|NaN\b(?! or)/.test(error.message)
      if (!isSaid) throw new Error(`File ${i}, ${kind}: ${String(error)}`, { cause: error })
      outcome = error.code
    }
    slowest = Math.max(slowest, performance.now() - begin)
    outcomes[outcome] = (outcomes[outcome] ?? 0) + 1
  }
  const megabytes = (process.resourceUsage().maxRSS - memory) / 1024
  console.log(
    `${files} files of weights in ${((performance.now() - start) / 1000).toFixed(0)} s: ${JSON.stringify(outcomes)}, the slowest ${slowest.toFixed(0)} ms, memory grew by ${megabytes.toFixed(0)} MB`,
  )
  expect(outcomes['imported'], 'some changes harm nothing').toBeGreaterThan(0)
  expect(slowest).toBeLessThan(10_000)
  expect(megabytes).toBeLessThan(500)
}, 3_600_000)
