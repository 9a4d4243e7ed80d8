import { cpSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { toErrorData } from '#shared/errors'
import { loadCheckpoint, saveCheckpoint } from '#storage/run/checkpoint'
import { runPaths } from '#storage/run/run-folder'
import { exportWeights, requireRoom } from './export'

const folder = mkdtempSync(path.join(tmpdir(), 'saim-export-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const run = path.join(folder, 'run')
cpSync('test/fixtures/run-0.1', run, { recursive: true })

const said: string[] = []
const exported = (out: string, format: 'safetensors' | 'onnx' = 'safetensors') =>
  exportWeights({ run, folder: out, format }, (text) => said.push(text)).catch(toErrorData)

it('refuses weights that are no numbers before it writes anything', async () => {
  const step = 2
  const saved = await loadCheckpoint(run, step)
  saved.weights['blocks.0.norm1.bias']!.values[0] = NaN
  await rm(runPaths(run).checkpoint(step), { recursive: true })
  await saveCheckpoint(run, saved)
  const out = path.join(folder, 'out')
  for (const format of ['safetensors', 'onnx'] as const)
    expect(await exported(out, format)).toMatchObject({
      code: 'not-finite',
      message: expect.stringContaining('The checkpoint of step 2 cannot be used: blocks.0.norm1.bias'),
    })
  expect(readdirSync(out)).toEqual([])
  expect(said).toEqual([])
})

it('finds out before the work where it cannot write', async () => {
  const file = path.join(folder, 'file')
  writeFileSync(file, '')
  expect(await exported(file)).toMatchObject({ code: 'not-a-folder', message: `${file} is a file.` })
  expect(await exported(path.join(file, 'below'))).toMatchObject({ message: `${file} is a file.` })
  expect(await exported(path.join(folder, 'n'.repeat(300)))).toMatchObject({
    message: expect.stringContaining('too long'),
  })
  expect(said).toEqual([])
})

it('says which formats cannot hold so many weights', () => {
  const memory = new Float32Array(2 ** 20)
  const large = (gibibytes: number) =>
    Object.fromEntries(
      Array.from({ length: 256 * gibibytes }, (_, i) => [`w${i}`, { shape: [2 ** 20], values: memory }]),
    )
  expect(() => requireRoom('onnx', large(2))).toThrow(/take 2\.1 GB; .* holds at most 2\.1 GB/)
  expect(() => requireRoom('pytorch', large(4))).toThrow(/at most 4\.3 GB/)
  requireRoom('pytorch', large(3))
  requireRoom('safetensors', large(5))
})
