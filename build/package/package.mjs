/**
 * `npm run package -- [--dir] [--x64] [--arm64] [targets]`: packages what was built for this system, into dist/. Without
 * targets, those of build/package/electron-builder.mjs; --dir makes the folder alone, npm the command line as a package of npm,
 * for all systems. The native code of the processor must be installed.
 */
import { Arch, build, Platform } from 'electron-builder'
import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
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

if (targets.includes('npm')) packForNpm()
else
  await build({
    targets: Platform.current().createTarget(targets, ...processors),
    config: { ...config, afterPack: checkFiles },
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

/** The Electron that the tests use brings an application of its own along. */
function checkFiles({ appOutDir }) {
  rmSync(path.join(appOutDir, 'resources', 'app'), { recursive: true, force: true })
}
