import { fork } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect, it, vi } from 'vitest'
import { temporaryFolder } from '#test/helpers/runs'

/**
 * Processes that answer nobody, as when native code hangs, whose parent is killed. Deadlines, which threads watch, pass 100 times as
 * fast.
 */
const folder = temporaryFolder()
const hang = path.join(folder, 'hang.cjs')
writeFileSync(
  hang,
  `const { isMainThread } = require('node:worker_threads')
  const { setTimeout } = globalThis
  if (!isMainThread) globalThis.setTimeout = (work, milliseconds) => setTimeout(work, milliseconds / 100)
  else {
    process.exit = () => undefined // it would find nothing to do
    setTimeout(() => { process.send('hangs'); for (;;); }, 1500)
  }`,
)
const parent = path.join(folder, 'parent.cjs')
writeFileSync(
  parent,
  `const { fork } = require('node:child_process')
  const [file, ...parameters] = process.argv.slice(2)
  const child = fork(file, parameters, { execArgv: ['--require', ${JSON.stringify(hang)}], serialization: 'advanced', stdio: 'ignore', detached: true })
  child.on('message', (message) => message === 'hangs' && process.send(child.pid))`,
)

const isThere = (pid: number) => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

it.concurrent.each([
  ['library', []],
  ['exporting', []],
  ['inspector', [folder]],
  ['proof', ['onnxruntime-cpu', '1']],
  ['training', [folder]],
  ['evaluation', [path.join(folder, 'evaluations', 'none')]],
  ['trial', [folder, '1', '1']],
])('a %s that hangs does not outlive its parent', async (name, parameters) => {
  const killed = fork(parent, [path.resolve('out/main', `${name}.js`), ...parameters], {
    env: { ...process.env, SAIM_HOME: folder },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  const pid = await new Promise<number>((resolve) =>
    killed.once('message', (message) => resolve(message as number)),
  )
  try {
    expect(isThere(pid)).toBe(true)
    killed.kill('SIGKILL')
    await vi.waitFor(() => expect(isThere(pid)).toBe(false), 20_000)
  } finally {
    if (isThere(pid)) process.kill(pid, 'SIGKILL')
  }
})
