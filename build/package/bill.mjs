/**
 * `node build/package/bill.mjs`: prints the bill of materials of a package in CycloneDX, by `npm sbom`: what is bundled and what is
 * shipped beside it, not what only builds. After `npm run build`.
 */
import { execFileSync } from 'node:child_process'
import { shipped } from './licences.mjs'

const all = JSON.parse(
  execFileSync('npm', ['sbom', '--sbom-format', 'cyclonedx'], {
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
    shell: process.platform === 'win32',
  }),
)
const ships = shipped()
const components = all.components.filter(({ group, name, version }) =>
  ships.has(`${group ? `${group}/` : ''}${name} ${version}`),
)
const refs = new Set([all.metadata.component['bom-ref'], ...components.map((one) => one['bom-ref'])])
const dependencies = all.dependencies
  .filter(({ ref }) => refs.has(ref))
  .map(({ ref, dependsOn }) => ({ ref, dependsOn: dependsOn.filter((one) => refs.has(one)) }))
console.log(JSON.stringify({ ...all, components, dependencies }, null, 2))
