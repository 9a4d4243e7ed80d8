import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import path from 'node:path'
import { expect, it } from 'vitest'

/** The Python with PyTorch, timm, transformers and onnxruntime that build/python.mjs prepares. */
export const python = path.resolve(
  '.cache/python',
  process.platform === 'win32' ? 'Scripts/python.exe' : 'bin/python',
)

export const hasPython = existsSync(python)

/** Where Python is missing tests that need it are skipped, in CI they must not be. */
export function requirePythonInCi(): void {
  if (process.env['CI']) it('has the Python that it compares with', () => expect(hasPython).toBe(true))
  else if (!hasPython) console.log('No .cache/python: comparisons with PyTorch are skipped.')
}

/** Runs a program of test/python, which finds the module of resources/cluster; answers what it printed. */
export const runPython = (name: string, ...parameters: string[]) =>
  execFileSync(python, ['-B', path.join('test/python', name), ...parameters], {
    encoding: 'utf8',
    env: { ...process.env, PYTHONPATH: path.resolve('resources/cluster') },
  })
