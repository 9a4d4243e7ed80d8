#!/usr/bin/env node
/**
 * Does what electron-builder asks fpm for, by Debian's own dpkg-deb: fields, scripts and files are those that electron-builder
 * names. fpm itself would be a download. What it does not know it refuses, rather than leave it out.
 */
import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  cpSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'

const text = { type: 'string' }
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    ...{ force: { type: 'boolean' }, log: text, license: text },
    ...{ source: { ...text, short: 's' }, target: { ...text, short: 't' }, package: text },
    ...{ name: text, version: text, architecture: text, maintainer: text, vendor: text, url: text },
    ...{ description: text, 'deb-priority': text },
    ...{ 'deb-compression': text, 'deb-compression-level': { ...text, default: '6' } },
    depends: { ...text, short: 'd', multiple: true },
    'deb-recommends': { ...text, multiple: true },
    ...{ 'after-install': text, 'after-remove': text },
  },
})
if (values.target !== 'deb') throw new Error(`No ${values.target} without fpm: name it by CUSTOM_FPM_PATH.`)

const root = mkdtempSync(path.join(tmpdir(), 'saim-deb-'))
try {
  for (const pair of positionals) {
    const [from, to] = pair.split('=')
    cpSync(from, path.join(root, to), { recursive: true, verbatimSymlinks: true })
  }
  openToAll(root)
  const kilobytes = execFileSync('du', ['-sk', root], { encoding: 'utf8' }).split('\t')[0]
  mkdirSync(path.join(root, 'DEBIAN'))
  const lines = {
    Package: values.name,
    Version: values.version,
    License: values.license,
    Vendor: values.vendor,
    Architecture: values.architecture,
    Maintainer: values.maintainer,
    'Installed-Size': kilobytes,
    Depends: values.depends.join(', '),
    Recommends: values['deb-recommends'].join(', '),
    Section: 'science',
    Priority: values['deb-priority'],
    Homepage: values.url,
    // A synopsis, then lines that begin with a space.
    Description: values.description.trim().replace(/\n\s*/g, '\n '),
  }
  const control = Object.entries(lines).map(([name, value]) => `${name}: ${value}\n`)
  writeFileSync(path.join(root, 'DEBIAN', 'control'), control.join(''))
  cpSync(values['after-install'], path.join(root, 'DEBIAN', 'postinst'))
  cpSync(values['after-remove'], path.join(root, 'DEBIAN', 'postrm'))
  for (const name of ['postinst', 'postrm']) chmodSync(path.join(root, 'DEBIAN', name), 0o755)
  const kind = values['deb-compression'].replace(/^gz$/, 'gzip') // fpm's name
  const compression = [`-Z${kind}`, `-z${values['deb-compression-level']}`]
  execFileSync('dpkg-deb', [...compression, '--root-owner-group', '--build', root, values.package], {
    stdio: ['ignore', 'ignore', 'inherit'],
  })
} finally {
  rmSync(root, { recursive: true, force: true })
}

/** Whoever builds may keep files to themselves; who installs them must read them. */
function openToAll(file) {
  const info = lstatSync(file)
  if (info.isSymbolicLink()) return
  chmodSync(file, info.mode & 0o111 ? 0o755 : 0o644)
  if (info.isDirectory()) for (const name of readdirSync(file)) openToAll(path.join(file, name))
}
