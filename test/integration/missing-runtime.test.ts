import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { said } from '#test/helpers/hosts'
import { flags, saim, smallModel, temporaryFolder } from '#test/helpers/runs'

/** Has every Node that starts find no onnxruntime, as on systems that it has no binary for. */
const hidden = path.join(temporaryFolder(), 'hide.cjs')
const code = `const Module = require('node:module')
const load = Module._load
Module._load = function (name, ...others) {
  if (/onnxruntime/.test(name)) throw new Error('There is no binary for this system.')
  return load.call(this, name, ...others)
}`

beforeEach(() => {
  writeFileSync(hidden, code)
  vi.stubEnv('NODE_OPTIONS', `--require ${hidden}`)
})
afterEach(() => vi.unstubAllEnvs())

it('without onnxruntime the command line and the window’s services start, and training says what is missing', async () => {
  const home = temporaryFolder()
  expect(await saim(['--help'], home)).toMatchObject({
    code: 0,
    output: expect.stringContaining('Usage: saim'),
  })

  const server = spawn('node', ['out/main/cli.js', 'serve'], { env: { ...process.env, SAIM_HOME: home } })
  await said(server, /http:\S+/)
  server.kill('SIGINT')
  await new Promise((resolve) => server.on('exit', resolve))

  const { code, output } = await saim(['train', ...flags(smallModel)], home)
  expect(output).toContain('onnxruntime cannot be loaded: There is no binary for this system.')
  expect(output).not.toMatch(/\n\s+at /)
  expect(code).toBe(5)
})
