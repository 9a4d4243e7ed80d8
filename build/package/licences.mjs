import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'

/** Where build/package/list-packages.ts leaves what was bundled. */
const listFolder = 'out/packages'

/** What the addon of the tensorflow engine is compiled from, of which there is no more in a bundle than types. */
const sources = ['node_modules/@tensorflow/tfjs-node-gpu', 'node_modules/node-api-headers']

/** One text of the licences of everything that is shipped. */
export function licences() {
  const parts = [...shipped()]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([title, about]) => section(title, about))
  return [
    readFileSync('LICENSE', 'utf8'),
    readFileSync('resources/README.md', 'utf8'),
    node(),
    ...parts,
  ].join(`\n${line}\n\n`)
}

/** What is shipped, by name and version: what was bundled, what lies beside it, and Electron. */
export function shipped() {
  const bundled = readdirSync(listFolder).flatMap((file) =>
    JSON.parse(readFileSync(path.join(listFolder, file), 'utf8')),
  )
  const packages = new Map()
  for (const folder of [...bundled, ...shippedPackages(), ...sources, 'node_modules/electron']) {
    const { name, version, license, author } = JSON.parse(
      readFileSync(path.join(folder, 'package.json'), 'utf8'),
    )
    packages.set(`${name} ${version}`, { folder, license, author })
  }
  return packages
}

const line = '='.repeat(100)

/** The Node that runs this, which packages for Linux bring along; its licence lies beside it or where Debian's packages have theirs. */
function node() {
  const places = [path.join(process.execPath, '..', '..'), '/usr/share/doc/nodejs']
  const file = places
    .flatMap((folder) => [path.join(folder, 'LICENSE'), path.join(folder, 'copyright')])
    .find((name) => existsSync(name))
  const where = `https://github.com/nodejs/node/blob/${process.version}/LICENSE`
  return `Node ${process.version} (MIT and others)\n\n${file ? readFileSync(file, 'utf8') : where}`
}

function section(title, { folder, license, author }) {
  const texts = readdirSync(folder)
    .filter((name) => /^(licen[sc]e|copying|notice|third)/i.test(name))
    .map((name) => readFileSync(path.join(folder, name), 'utf8').trim())
  const by = typeof author === 'string' ? author : author?.name
  return [`${title} (${license})${texts.length || !by ? '' : `, ${by}`}`, ...texts].join('\n\n') + '\n'
}

/** Folders of the packages that are shipped as they are: the dependencies and theirs. */
function shippedPackages(folder = '.', found = new Set()) {
  const { dependencies = {}, optionalDependencies = {} } = JSON.parse(
    readFileSync(path.join(folder, 'package.json'), 'utf8'),
  )
  for (const name of Object.keys({ ...dependencies, ...optionalDependencies })) {
    const inside = path.join(folder, 'node_modules', name)
    const at = existsSync(inside) ? inside : path.join('node_modules', name)
    if (!existsSync(at) || found.has(at)) continue
    found.add(at)
    shippedPackages(at, found)
  }
  return found
}
