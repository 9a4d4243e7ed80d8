/**
 * `npm start`, `npm run train`, `npm test` ...: installs what is missing, builds what changed, then runs. Plain Node,
 * because it runs before anything is installed.
 */
import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import path from 'node:path'
import { electronAtHand, isOldElectron, whyNoWindow } from './electron.mjs'
import { once } from './once.mjs'

const root = path.resolve(import.meta.dirname ?? path.dirname(new URL(import.meta.url).pathname), '..')
const [command, ...rest] = process.argv.slice(2)
const say = (text) => console.error(`[saim] ${text}`)

/** What the build is made of. */
const sources = [
  ...['src-main', 'src-preload', 'src-renderer', 'src-shared', 'build', 'electron.vite.config.ts'],
  ...['package.json', 'package-lock.json'],
]
/** The file that remembers what was done. */
const stamp = (name) => path.join(root, 'node_modules', '.cache', 'saim', name)

checkNode()
install()
if (command === 'test') await test()
else if (command === 'dev') await run('node', ['build/dev/app.mjs', ...rest])
else if (command === 'pages') await run('node', ['build/dev/pages.mjs', ...rest])
else if (command === 'start') await start()
else {
  build({ toShip: command === 'package' })
  if (command === 'package') await run('node', ['build/package/package.mjs', ...rest])
  else if (command === 'bench') await run('node', ['build/bench.mjs', ...rest])
  else if (command === 'record') await run('node', ['build/dev/record.mjs'])
  else await run('node', ['out/main/cli.js', ...(command === 'saim' ? [] : [command]), ...rest])
}

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number)
  if (major > 20 || (major === 20 && minor >= 19)) return
  say(`Node ${process.versions.node} is too old. Install Node 20.19 or later.`)
  process.exit(1)
}

function install() {
  once(stamp('install'), readFileSync(path.join(root, 'package-lock.json'), 'utf8'), () => {
    say('Installing packages (the first time about a minute) ...')
    must('npm', ['ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error'])
  })
}

/** Builds what changed, for the Electron that will run it. That of the tests counts, so that they need no other build, but `toShip`. */
function build({ toShip = false } = {}) {
  if (!existsSync(path.join(root, 'out', 'main', 'cli.js'))) rmSync(stamp('build'), { force: true })
  const isOld = isOldElectron(root, { forTests: !toShip })
  once(stamp('build'), `${isOld} ${fingerprint(sources)}`, () => {
    say('Building ...')
    must('npm', ['run', '--silent', 'build', ...(toShip ? ['--', '--to-ship'] : [])])
  })
}

/** Names, sizes and times of all files below some paths. */
function fingerprint(paths) {
  const hash = createHash('sha256')
  const add = (file) => {
    const info = statSync(file)
    if (info.isDirectory()) for (const name of readdirSync(file).sort()) add(path.join(file, name))
    else hash.update(`${file} ${info.size} ${info.mtimeMs}\n`)
  }
  for (const name of paths) add(path.join(root, name))
  return hash.digest('hex')
}

/** The window, where Electron and a display are to be had; else the browser. */
async function start() {
  const reason = whyNoWindow(root, rest, say)
  build()
  if (!reason) return run('npx', ['--no-install', 'electron', '.', ...rest])
  say(`${reason} Serving to your browser instead.`)
  await run('node', ['out/main/cli.js', 'serve', '--open', ...rest])
}

/** Checks, builds and runs all tests; with arguments, only the tests that they name. */
async function test() {
  const checked = rest.length === 0 && check()
  prepareBrowsers()
  build()
  preparePython()
  prepareTensorflow()
  if (checked && !(await checked)) process.exit(1)
  await run('npx', ['--no-install', 'vitest', 'run', ...rest])
}

/** Checks all code on the core that set-up leaves; answers whether nothing was found. */
function check() {
  say('Checking format, rules, layers, types and unused code meanwhile ...')
  const child = spawn('npm', ['run', '--silent', 'check'], {
    cwd: root,
    stdio: 'inherit',
    shell: process.platform === 'win32',
  })
  process.once('exit', () => child.kill())
  return new Promise((resolve) => child.on('exit', (code) => resolve(code === 0)))
}

/** What the tests of windows, of TLS, of WebGPU and of packages need: Chromium, a display, openssl, a Vulkan loader, 7-Zip, what the package of Debian depends on, and an Electron. What cannot be had is said, then skipped. */
function prepareBrowsers() {
  if (process.platform !== 'linux') return
  const libraries = `/usr/lib/${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}-linux-gnu`
  const missing = {
    chromium: '/usr/bin/chromium',
    openssl: '/usr/bin/openssl',
    xvfb: '/usr/bin/Xvfb',
    libvulkan1: `${libraries}/libvulkan.so.1`,
    ...(process.env.CI && {
      '7zip': '/usr/bin/7zz',
      libnotify4: `${libraries}/libnotify.so.4`,
      'libsecret-1-0': `${libraries}/libsecret-1.so.0`,
    }),
  }
  const packages = Object.keys(missing).filter((name) => !existsSync(missing[name]))
  if (packages.length && process.getuid() === 0 && existsSync('/usr/bin/apt-get')) {
    say(`Installing ${packages.join(' and ')} for the tests ...`)
    const quietly = {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    }
    spawnSync('apt-get', ['update'], quietly)
    spawnSync('apt-get', ['install', '-y', '--no-install-recommends', ...packages], quietly)
  } else if (packages.length) say(`Without ${packages.join(' and ')} some tests are skipped.`)
  if (electronAtHand(root, { forTests: true })) return
  spawnSync('node', ['build/electron-fixture.mjs'], { cwd: root, stdio: 'inherit' })
}

/** What exports are compared with: only where all must be tested, since it is large. */
function preparePython() {
  if (process.env.CI) must('node', ['build/python.mjs'])
  else if (!existsSync(path.join(root, '.cache', 'python')))
    say('Without .cache/python (`node build/python.mjs`, about 3 GB) comparisons with PyTorch are skipped.')
}

/** TensorFlow for the tests, by the application's own command. Where it cannot be had that is said, then skipped. */
function prepareTensorflow() {
  const engines = path.join(root, '.cache', 'engines')
  if (existsSync(path.join(engines, 'tensorflow', 'lib', 'napi-v8', 'kernels.node'))) return
  say('Installing TensorFlow for the tests (about 270 MB) ...')
  const home = path.join(root, '.cache', 'engines-home')
  spawnSync('node', ['out/main/cli.js', 'engines', 'install', 'tensorflow', '--yes'], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, SAIM_ENGINES: engines, SAIM_HOME: home },
  })
}

function must(program, parameters) {
  const { status } = spawnSync(program, parameters, {
    cwd: root,
    stdio: 'inherit',
    shell: process.platform === 'win32',
  })
  if (status !== 0) process.exit(status ?? 1)
}

/** Runs to the end with this terminal; Ctrl-C is the child's to handle, its exit code becomes ours. */
function run(program, parameters) {
  const child = spawn(program, parameters, {
    cwd: root,
    stdio: 'inherit',
    shell: process.platform === 'win32',
  })
  process.on('SIGINT', () => undefined)
  process.on('SIGTERM', () => child.kill('SIGTERM'))
  return new Promise((resolve) =>
    child.on('exit', (code, signal) => resolve((process.exitCode = code ?? (signal ? 1 : 0)))),
  )
}
