import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { electronAtHand, fetchElectron, whyNoWindow } from './electron.mjs'
import { once } from './once.mjs'

let root
beforeEach(() => void (root = mkdtempSync(path.join(tmpdir(), 'saim-build-'))))
afterEach(() => {
  vi.unstubAllEnvs()
  rmSync(root, { recursive: true })
})

describe('once', () => {
  const stamp = () => path.join(root, 'stamps', 'work')

  it('does the same work once, and other work again', () => {
    const work = vi.fn()
    for (const key of ['a', 'a', 'b', 'b']) once(stamp(), key, work)
    expect(work).toHaveBeenCalledTimes(2)
  })

  it('tries failed work again', () => {
    const work = vi.fn().mockImplementationOnce(() => {
      throw new Error('no network')
    })
    expect(() => once(stamp(), 'a', work)).toThrow('no network')
    for (let i = 0; i < 2; i++) once(stamp(), 'a', work)
    expect(work).toHaveBeenCalledTimes(2)
  })
})

it.runIf(process.platform === 'linux')(
  "builds once, whatever is started, also where the tests' Electron is at hand",
  () => {
    const write = (name, text, mode = 0o755) => {
      mkdirSync(path.dirname(path.join(root, name)), { recursive: true })
      writeFileSync(path.join(root, name), text, { mode })
    }
    for (const name of ['setup', 'electron', 'once'])
      cpSync(`build/${name}.mjs`, path.join(root, `build/${name}.mjs`))
    for (const name of ['src-main', 'src-preload', 'src-renderer', 'src-shared'])
      mkdirSync(path.join(root, name))
    for (const name of [
      'electron.vite.config.ts',
      'package.json',
      'package-lock.json',
      'build/bench.mjs',
      'build/package/package.mjs',
    ])
      write(name, name.endsWith('.json') ? '{}' : '')
    write('node_modules/.cache/saim/install', '{}')
    write('node_modules/electron/package.json', '{ "version": "45.0.0" }')
    write('.cache/electron/electron', '#!/bin/sh\necho 22.3.27')
    write(
      'bin/npm',
      `#!/bin/sh\necho "$*" >> ${root}/built\nmkdir -p ${root}/out/main\ntouch ${root}/out/main/cli.js`,
    )
    const run = (command) => {
      const env = {
        ...process.env,
        PATH: `${root}/bin:${process.env.PATH}`,
        DISPLAY: '',
        WAYLAND_DISPLAY: '',
        ELECTRON_OVERRIDE_DIST_PATH: '',
      }
      expect(
        spawnSync('node', ['build/setup.mjs', command], { cwd: root, env, encoding: 'utf8' }).status,
      ).toBe(0)
    }
    for (const command of ['start', 'bench', 'saim']) run(command)
    const built = () => readFileSync(path.join(root, 'built'), 'utf8').trim().split('\n')
    expect(built()).toEqual(['run --silent build'])
    run('package') // which ships another Electron
    expect(built()).toEqual(['run --silent build', 'run --silent build -- --to-ship'])
  },
)

/** npm's package of Electron in `root`, whose installer counts its tries and succeeds from the second on. */
function flakyElectron() {
  const folder = path.join(root, 'node_modules', 'electron')
  mkdirSync(folder, { recursive: true })
  writeFileSync(path.join(folder, 'package.json'), '{ "version": "45.0.0" }')
  writeFileSync(
    path.join(folder, 'install.js'),
    `const { appendFileSync, readFileSync, writeFileSync } = require('node:fs')
const tries = __dirname + '/tries'
appendFileSync(tries, 'x')
if (readFileSync(tries, 'utf8').length < 2) process.exit(1)
writeFileSync(__dirname + '/path.txt', 'electron')`,
  )
  return { tries: () => readFileSync(path.join(folder, 'tries'), 'utf8').length }
}

it("fetches Electron's binary at the next start where it failed at this one, then never again", () => {
  const { tries } = flakyElectron()
  const said = []
  const fetchIt = () => fetchElectron(root, (text) => said.push(text))
  expect([fetchIt(), tries()]).toEqual([false, 1])
  expect([fetchIt(), tries()]).toEqual([true, 2])
  expect([fetchIt(), tries()]).toEqual([true, 2])
  expect(said).toHaveLength(2)
})

it("takes the tests' Electron for tests only, and a named one before all", () => {
  const make = (folder) => {
    const file = path.join(root, folder, process.platform === 'win32' ? 'electron.exe' : 'electron')
    mkdirSync(path.dirname(file), { recursive: true })
    writeFileSync(file, '')
    return file
  }
  vi.stubEnv('ELECTRON_OVERRIDE_DIST_PATH', '')
  expect(electronAtHand(root, { forTests: true })).toBeNull()
  const fixture = make('.cache/electron')
  expect(electronAtHand(root, { forTests: true })).toBe(fixture)
  expect(electronAtHand(root)).toBeNull()
  const own = make('node_modules/electron/dist')
  expect(electronAtHand(root, { forTests: true })).toBe(own)
  const named = make('elsewhere')
  vi.stubEnv('ELECTRON_OVERRIDE_DIST_PATH', path.dirname(named))
  expect(electronAtHand(root)).toBe(named)
})

describe.runIf(process.platform === 'linux')('a window', () => {
  const why = (...parameters) => whyNoWindow(root, parameters, () => undefined)
  beforeEach(() => {
    mkdirSync(path.join(root, 'electron'))
    writeFileSync(path.join(root, 'electron', 'electron'), '')
    vi.stubEnv('ELECTRON_OVERRIDE_DIST_PATH', path.join(root, 'electron'))
    vi.stubEnv('DISPLAY', ':0')
    vi.stubEnv('WAYLAND_DISPLAY', '')
    vi.spyOn(process, 'getuid').mockReturnValue(1000)
  })
  afterEach(() => vi.restoreAllMocks())

  it('is opened where there are a display and an Electron', () => expect(why()).toBeNull())

  it('is not opened without a display', () => {
    vi.stubEnv('DISPLAY', '')
    expect(why()).toBe('There is no display.')
  })

  it('is not opened for root, whom Electron refuses, except where root asks for it', () => {
    process.getuid.mockReturnValue(0)
    expect(why()).toContain('npm start -- --no-sandbox')
    expect(why('--no-sandbox')).toBeNull()
  })
})
