import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'

it('docs/hyperparameters.md is what the schema says; `npm run docs` renews it', () => {
  const printed = execFileSync('node', ['build/hyperparameter-docs.mjs', '--print'], { encoding: 'utf8' })
  expect(readFileSync('docs/hyperparameters.md', 'utf8')).toBe(printed)
})
