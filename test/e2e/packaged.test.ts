import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { bytes } from '#shared/format'
import { interpreter } from '#platform/python'
import { canOpenWindow, electronPath, openPackaged, type OpenedApp } from '#test/helpers/hosts'
import { flags, smallModel, temporaryFolder } from '#test/helpers/runs'
import { call, filesOf, trainAndExport } from '#test/helpers/packaged'
import { quick, startRun } from '#test/helpers/walk'

/** With CI only: it is made anew, and what it shows is what the other tests see. */
const canPackage = process.env['CI'] && process.platform === 'linux' && canOpenWindow()

describe.runIf(canPackage)('the packaged application', () => {
  const home = temporaryFolder()
  const folder = path.join(temporaryFolder(), 'saim-studio')
  const { version } = JSON.parse(readFileSync('package.json', 'utf8'))
  const archive = path.resolve('dist', `saim-studio-${version}.tar.gz`)
  const deb = path.resolve('dist', `saim-studio_${version}_amd64.deb`)
  let app: OpenedApp

  beforeAll(() => {
    rmSync('dist', { recursive: true, force: true })
    execFileSync('node', ['build/package/package.mjs', '--quick', 'tar.gz', 'deb'], {
      env: {
        ...process.env,
        ELECTRON_OVERRIDE_DIST_PATH: path.dirname(electronPath()!),
        ELECTRON_BUILDER_7ZIP_PATH: '/usr/bin/7zz',
      },
    })
    mkdirSync(folder)
    execFileSync('tar', ['-xzf', archive, '--strip-components=1', '-C', folder])
  })
  afterAll(() => app?.close())

  it('is under 250 MB, without TensorFlow', () => {
    const size = statSync(archive).size
    const unpacked = filesOf(folder).reduce((sum, file) => sum + statSync(path.join(folder, file)).size, 0)
    const debSize = bytes(statSync(deb).size)
    console.log(`Compressed little: tar.gz ${bytes(size)}, deb ${debSize}; ${bytes(unpacked)} unpacked.`)
    expect(size).toBeLessThan(250e6)
  })

  it('has the native code of this system only, and the licences of all parts', () => {
    const files = filesOf(path.join(folder, 'resources', 'app.asar.unpacked'))
    const native = files.filter((file) => /\.(node|so[.\d]*|dll|dylib)$/.test(file))
    expect(native.filter((file) => !file.includes(process.arch))).toEqual([])
    for (const part of ['onnxruntime_binding.node', 'libonnxruntime.so', 'libvips', 'sharp-linux', '@libsql'])
      expect(native.filter((file) => file.includes(part)).length, part).toBeGreaterThan(0)
    expect(native.filter((file) => /darwin|win32|musl/.test(file))).toEqual([])
    const licences = readFileSync(path.join(folder, 'THIRD-PARTY-LICENCES.txt'), 'utf8')
    for (const part of [
      'onnxruntime-node',
      'sharp',
      'libsql',
      'electron',
      'vue',
      'vuetify',
      '@tensorflow/tfjs-core',
    ])
      expect(licences).toMatch(new RegExp(`^${part} [\\d.]+ \\(`, 'm'))
  })

  it('has all that TensorFlow is installed from', () => {
    const sources = ['out/tensorflow-addon', 'resources/tensorflow'].flatMap((from) =>
      filesOf(from).map((file) => path.join(from, file)),
    )
    expect(sources.length).toBeGreaterThan(10)
    expect(filesOf(path.join(folder, 'resources', 'app.asar.unpacked'))).toEqual(
      expect.arrayContaining(sources),
    )
  })

  it('cannot be used as a plain Node', () => {
    const env = { ...process.env, ELECTRON_RUN_AS_NODE: '1', DISPLAY: '', SAIM_HOME: path.join(home, 'node') }
    const { stdout } = spawnSync(path.join(folder, 'saim-studio'), ['-p', '6 * 7'], { env, timeout: 20_000 })
    expect(String(stdout)).not.toContain('42')
    const plain = spawnSync(electronPath()!, ['-p', '6 * 7'], { env, timeout: 20_000 })
    expect(String(plain.stdout)).toContain('42')
  })

  it('has the fuses of Electron as they shall be', () => {
    /** After a sentinel, a version and a length: a letter for each fuse, in Electron's order. */
    const wireOf = (file: string) => {
      const binary = readFileSync(file)
      const at = binary.indexOf('dL7pKGdnNz796PbbjQWNKmHXBZaB9tsX') + 34
      return binary.toString('latin1', at, at + 7)
    }
    // Node, cookies, NODE_OPTIONS, --inspect, integrity of the archive, nothing beside it, V8 snapshot.
    expect(wireOf(path.join(folder, 'saim-studio'))).toBe('0100110')
    expect(wireOf(electronPath()!)).not.toBe('0100110')
  })

  it('starts from its own folder, trains the sample images, looks into the run and exports it', async () => {
    app = await openPackaged(folder, home)
    await trainAndExport(app.page, home)
    await app.close()
  })

  it('is installed, used on the command line and in the window, upgraded and removed as a package of Debian', async (context) => {
    const libraries = ['libnotify.so.4', 'libsecret-1.so.0'].map(
      (name) => `/usr/lib/x86_64-linux-gnu/${name}`,
    )
    if (process.getuid!() !== 0 || !libraries.every((file) => existsSync(file)))
      return context.skip('dpkg needs root, and the libraries that the package names')
    const dpkg = (...parameters: string[]) => execFileSync('dpkg', parameters, { encoding: 'utf8' })
    const home = temporaryFolder()
    const saim = (...parameters: string[]) =>
      execFileSync('saim', parameters, {
        cwd: home,
        encoding: 'utf8',
        env: { ...process.env, DISPLAY: undefined, PATH: '/usr/bin:/bin', SAIM_HOME: home },
      })
    const placed = ['/usr/bin/saim', '/usr/bin/saim-studio', '/usr/share/applications/saim-studio.desktop']
    dpkg('-i', deb)
    try {
      expect(placed.filter((file) => !existsSync(file))).toEqual([])
      expect(saim('--version').trim()).toBe(version)
      const said = saim(
        'train',
        '--name',
        'By command',
        ...flags({ ...smallModel, epochs: 1, 'batch-size': 64 }),
      )
      expect(said).toContain('Run finished')
      const installed = await openPackaged('/opt/SAIM Studio', home)
      await installed.page
        .getByText('By command')
        .first()
        .waitFor()
        .finally(() => installed.close())

      const next = path.join(home, 'next')
      execFileSync('dpkg-deb', ['--raw-extract', deb, next])
      const control = path.join(next, 'DEBIAN', 'control')
      writeFileSync(control, readFileSync(control, 'utf8').replace(/^Version: .*/m, 'Version: 99.0.0'))
      rmSync(path.join(next, 'opt', 'SAIM Studio', 'LICENSES.chromium.html'))
      execFileSync('dpkg-deb', ['-Znone', '--build', next, path.join(home, 'next.deb')])
      dpkg('-i', path.join(home, 'next.deb'))
      expect(dpkg('-s', 'saim-studio')).toContain('Version: 99.0.0')
      expect(existsSync('/opt/SAIM Studio/LICENSES.chromium.html')).toBe(false)
      expect(placed.filter((file) => !existsSync(file))).toEqual([])
      expect(saim('runs')).toContain('By command')
    } finally {
      dpkg('--purge', 'saim-studio')
    }
    expect([...placed, '/opt/SAIM Studio'].filter((file) => existsSync(file))).toEqual([])
    expect(readdirSync(path.join(home, 'runs'))).toHaveLength(1)
  })

  it('installs TensorFlow where there is no compiler, and trains with it', async () => {
    const python = execFileSync(interpreter(), ['-c', 'import sys; print(sys.executable)'], {
      encoding: 'utf8',
    })
    app = await openPackaged(folder, home, {
      SAIM_PYTHON: python.trim(),
      SAIM_ENGINES: path.join(home, 'engines'),
      PATH: path.join(home, 'nothing'),
    })
    const { page } = app
    const plan = await call(page, 'engines.plan', { id: 'tensorflow', gpu: false })
    expect(plan).toMatchObject({
      ok: true,
      value: { what: expect.stringContaining('come with SAIM Studio') },
    })
    expect(await call(page, 'engines.install', { id: 'tensorflow', gpu: false })).toMatchObject({ ok: true })
    expect(await call(page, 'settings.set', { engine: 'tensorflow' })).toMatchObject({ ok: true })
    await startRun(page, { name: 'By TensorFlow', epochs: 1, settings: { ...quick, 'Batch size': 64 } })
    const written = () =>
      readdirSync(path.join(home, 'runs'))
        .map((id) => JSON.parse(readFileSync(path.join(home, 'runs', id, 'run.json'), 'utf8')))
        .find(({ name }) => name === 'By TensorFlow')
    await expect.poll(() => written()?.status, { timeout: 240_000 }).toBe('finished')
    expect(written()).toMatchObject({ engine: 'tensorflow', notice: null })
  })
})
