import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'

const binary = { win32: 'electron.exe', darwin: 'Electron.app/Contents/MacOS/Electron' }

/** Electron's binary; null where there is none. The one of build/electron-fixture.mjs counts `forTests` only. */
export function electronAtHand(root, { forTests = false } = {}) {
  const folders = [
    process.env.ELECTRON_OVERRIDE_DIST_PATH,
    path.join(root, 'node_modules', 'electron', 'dist'),
    forTests && path.join(root, '.cache', 'electron'),
  ]
  const files = folders.flatMap((folder) =>
    folder ? [path.resolve(folder, binary[process.platform] ?? 'electron')] : [],
  )
  return files.find((file) => existsSync(file)) ?? null
}

/** Whether windows can be shown. */
export const hasDisplay = () =>
  process.platform !== 'linux' || Boolean(process.env.DISPLAY || process.env.WAYLAND_DISPLAY)

/** Whether the Electron at hand is older than the one that ships, so that what is built for that one does not run in it. */
export function isOldElectron(root, options) {
  const electron = electronAtHand(root, options)
  if (!electron) return false
  const { version } = JSON.parse(readFileSync(path.join(root, 'node_modules/electron/package.json'), 'utf8'))
  const env = { ...process.env, ELECTRON_RUN_AS_NODE: '1' }
  const { stdout } = spawnSync(electron, ['-p', 'process.versions.electron'], { env, encoding: 'utf8' })
  return parseInt(stdout) < parseInt(version)
}

/** Why no window can be opened with these parameters; null where one can. */
export function whyNoWindow(root, parameters, say) {
  if (!hasDisplay()) return 'There is no display.'
  if (process.platform === 'linux' && process.getuid() === 0 && !parameters.includes('--no-sandbox'))
    return 'Electron does not run as root, except without its protection: npm start -- --no-sandbox.'
  return electronAtHand(root) || fetchElectron(root, say) ? null : "Electron's binary cannot be fetched here."
}

/** Downloads Electron's binary by the installer in npm's package, unless it is there; answers whether it is now. */
export function fetchElectron(root, say) {
  const folder = path.join(root, 'node_modules', 'electron')
  const isHere = () => existsSync(path.join(folder, 'path.txt')) // which the installer writes last
  if (isHere()) return true
  say('Fetching Electron (once, about 110 MB) ...')
  spawnSync('node', [path.join(folder, 'install.js')], { cwd: root, stdio: 'ignore', timeout: 300_000 })
  return isHere()
}
