/**
 * `npm run package -- [--dir] [--x64] [--arm64] [--quick] [targets]`: packages what was built for this system, into dist/. Without
 * targets, those of build/package/electron-builder.mjs; --dir makes the folder alone, npm the command line as a package of npm,
 * for all systems. --quick compresses little, for tests. The native code of the processor must be installed.
 */
import { Arch, build, Platform } from 'electron-builder'
import { execFileSync } from 'node:child_process'
import { copyFileSync, cpSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import config from './electron-builder.mjs'
import { writeIcons } from './icons.mjs'
import { licences } from './licences.mjs'

const parameters = process.argv.slice(2)
const targets = parameters.includes('--dir') ? ['dir'] : parameters.filter((name) => !name.startsWith('-'))
const processors = ['x64', 'arm64']
  .filter((name) => parameters.includes(`--${name}`))
  .map((name) => Arch[name])

// Installing TensorFlow from a package needs no compiler.
if (!targets.includes('npm') && process.platform === 'linux' && process.arch === 'x64')
  execFileSync('node', ['out/main/cli.js', 'engines', 'compile'], { stdio: 'inherit' })

const resources = 'dist/resources'
mkdirSync(resources, { recursive: true })
await writeIcons(resources)
writeFileSync(path.join(resources, 'THIRD-PARTY-LICENCES.txt'), licences())
const onPath = '#!/bin/sh\nexec \'/opt/SAIM Studio/saim\' "$@"\n'
writeFileSync(path.join(resources, 'saim'), onPath, { mode: 0o755 })
if (targets.includes('deb') && !targets.includes('rpm'))
  process.env.CUSTOM_FPM_PATH ??= path.resolve('build/package/fpm.mjs')

if (parameters.includes('--quick')) {
  process.env.ELECTRON_BUILDER_COMPRESSION_LEVEL = '1'
  config.deb = { compression: 'gz', fpm: [...config.deb.fpm, '--deb-compression-level=1'] }
}
if (targets.includes('npm')) packForNpm()
else
  await build({
    targets: Platform.current().createTarget(targets, ...processors),
    config: { ...config, afterPack: finish },
  })
for (const name of readdirSync('dist')) {
  const { size } = statSync(path.join('dist', name))
  if (/saim/i.test(name)) console.log(`dist/${name}${size > 1e6 ? `: ${Math.round(size / 1e6)} MB` : ''}`)
}

/** `files` of package.json, with the licences of what was bundled. */
function packForNpm() {
  copyFileSync(path.join(resources, 'THIRD-PARTY-LICENCES.txt'), 'out/THIRD-PARTY-LICENCES.txt')
  execFileSync('npm', ['pack', '--silent', '--pack-destination', 'dist'], { stdio: 'ignore' })
}

function finish({ appOutDir, electronPlatformName }) {
  // The Electron that the tests use brings an application of its own along.
  rmSync(path.join(appOutDir, 'resources', 'app'), { recursive: true, force: true })
  if (electronPlatformName === 'linux') addCommandLine(appOutDir)
}

/**
 * `saim`, for machines without a display too: this Node, and beside the archive, which only Electron reads, what it runs. No
 * binary of Electron could do it: without a display it ends, and as a plain Node it does not start (docs/decisions/0018-packages.md).
 */
function addCommandLine(folder) {
  copyFileSync(process.execPath, path.join(folder, 'node'))
  copyFileSync('build/package/saim.sh', path.join(folder, 'saim'))
  const unpacked = path.join(folder, 'resources', 'app.asar.unpacked')
  copyFileSync('package.json', path.join(unpacked, 'package.json'))
  for (const part of ['main', 'renderer'])
    cpSync(path.join('out', part), path.join(unpacked, 'out', part), {
      recursive: true,
      filter: (file) => !file.endsWith('.map'),
    })
}
