import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect, it } from 'vitest'
import { bytes } from '#shared/format'
import { flags, smallModel, temporaryFolder } from '#test/helpers/runs'

/** With CI only: it takes packages from the registry, as whoever installs it does. */
it.runIf(process.env['CI'])('the package of npm trains, with nothing of this checkout', () => {
  rmSync('dist', { recursive: true, force: true })
  execFileSync('node', ['build/package/package.mjs', 'npm'])
  const name = readdirSync('dist').find((file) => file.endsWith('.tgz'))!
  const archive = path.resolve('dist', name)

  const folder = temporaryFolder()
  writeFileSync(path.join(folder, 'package.json'), '{}')
  const npm = (...parameters: string[]) => execFileSync('npm', parameters, { cwd: folder, encoding: 'utf8' })
  npm('install', '--omit=dev', '--ignore-scripts', '--no-audit', '--no-fund', archive)
  const installed = path.join(folder, 'node_modules')
  console.log(`The package of npm: ${bytes(statSync(archive).size)}, ${bytes(sizeOf(installed))} installed.`)
  expect(existsSync(path.join(installed, 'electron'))).toBe(false)
  expect(existsSync(path.join(installed, 'saim-studio', 'out', 'THIRD-PARTY-LICENCES.txt'))).toBe(true)

  const home = path.join(folder, 'home')
  mkdirSync(home)
  const saim = (...parameters: string[]) =>
    execFileSync(path.join(installed, '.bin', 'saim'), parameters, {
      cwd: folder,
      encoding: 'utf8',
      env: { ...process.env, SAIM_HOME: home },
    })
  expect(saim('--version').trim()).toMatch(/^\d+\.\d+\.\d+$/)
  expect(saim('train', ...flags({ ...smallModel, epochs: 1, 'batch-size': 64 }))).toContain('Run finished')
})

const sizeOf = (folder: string) =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(path.join(entry.parentPath, entry.name)).size, 0)
