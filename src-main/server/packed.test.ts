import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import { expect, it } from 'vitest'
import { encodingFor, packed } from './packed'

it('packs text by what the browser accepts, and pictures not again', () => {
  expect(encodingFor('text/javascript', 'gzip, deflate, br')).toBe('br')
  expect(encodingFor('text/css', 'gzip;q=0.8, br;q=0')).toBe('gzip')
  expect(encodingFor('text/html', '')).toBeNull()
  expect(encodingFor('image/webp', 'br')).toBeNull()
})

it('gives the same text in every packing', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'saim-packed-'))
  const file = path.join(folder, 'a.js')
  const text = 'const a = 1\n'.repeat(1000)
  writeFileSync(file, text)
  const [br, gzip, plain] = await Promise.all(
    ['br', 'gzip', ''].map((accepted) => packed(file, 'text/javascript', accepted)),
  )
  expect(brotliDecompressSync(br!.contents).toString()).toBe(text)
  expect(gunzipSync(gzip!.contents).toString()).toBe(text)
  expect(plain!.contents.toString()).toBe(text)
  expect(br!.contents.length).toBeLessThan(200)
  rmSync(folder, { recursive: true })
})
