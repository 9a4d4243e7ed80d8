import fc from 'fast-check'
import { zipSync } from 'fflate'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { AppError } from '#shared/errors'
import { Pickle } from './pickle'
import { readPth } from './read'
import { unpickle } from './unpickle'
import { encodePth } from './write'

const folder = mkdtempSync(path.join(tmpdir(), 'saim-pth-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function read(bytes: Uint8Array) {
  const file = path.join(folder, 'file.pth')
  writeFileSync(file, bytes)
  return readPth(file)
}

const tensors = {
  matrix: { shape: [2, 3], values: Float32Array.of(1, -2, 3, 4, 5, 6e-30) },
  vector: { shape: [1], values: Float32Array.of(7) },
  scalar: { shape: [], values: Float32Array.of(8) },
}

it('reads what it wrote', async () => {
  expect(await read(encodePth(tensors, 3))).toEqual(tensors)
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

it('runs nothing of a malicious pickle and names what it asked for', async () => {
  const pickle = new Pickle().global('posix', 'system')
  pickle.tuple(() => pickle.text(`touch ${folder}/owned`)).call()
  const evil = pickle.finish()
  const inside = zipSync({ 'archive/data.pkl': evil })
  for (const bytes of [evil, inside])
    await expect(read(bytes)).rejects.toMatchObject({
      code: 'weights-unreadable',
      message: expect.stringContaining('posix.system'),
    })
  // Nor does the name of something that every JavaScript object has lead anywhere.
  const sly = new Pickle().global('__proto__', 'constructor').finish()
  expect(() => unpickle(sly, {}, () => null)).toThrow(/__proto__.constructor/)
})

it('answers any bytes with a value or an error that says so', () => {
  const opcodes = fc.constantFrom(...Buffer.from('(tld}]uaesbRQcNKqhr\x85\x86\x87\x81\x93\x94.', 'latin1'))
  fc.assert(
    fc.property(fc.array(fc.oneof(opcodes, fc.nat(255))), (bytes) => {
      try {
        unpickle(Uint8Array.from(bytes), {}, () => null)
      } catch (error) {
        expect(error).toBeInstanceOf(AppError)
      }
    }),
    { numRuns: 2000 },
  )
})
