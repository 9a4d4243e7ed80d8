/**
 * A Python with the libraries that exports and benchmarks are compared with (PyTorch, timm, transformers ...), in
 * .cache/python: `node build/python.mjs`. For tests only; the application needs no Python.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), '..')
const folder = path.join(root, '.cache', 'python')
const requirements = path.join(root, 'test', 'python', 'requirements.txt')
const stamp = path.join(folder, 'requirements.txt')
const wanted = readFileSync(requirements, 'utf8')

if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted)
  console.error(`[python] ${folder} is there already.`)
else {
  console.error('[python] Installing PyTorch, timm and transformers (once, about 3 GB) ...')
  mkdirSync(path.dirname(folder), { recursive: true })
  must('python3', ['-m', 'venv', folder])
  must(path.join(folder, 'bin', 'python'), ['-m', 'pip', 'install', '--quiet', '--requirement', requirements])
  writeFileSync(stamp, wanted)
}

function must(program, parameters) {
  const { status, error } = spawnSync(program, parameters, { stdio: ['ignore', 'inherit', 'inherit'] })
  if (status === 0) return
  console.error(`[python] ${program} failed${error ? `: ${error.message}` : ''}.`)
  process.exit(1)
}
