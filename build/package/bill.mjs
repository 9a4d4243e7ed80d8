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
/** A package that stands in for another has that one's name; only its address says what it is. */
const titleOf = ({ purl }) => decodeURIComponent(purl.slice('pkg:npm/'.length)).replace(/@(?=[^@]*$)/, ' ')
const ships = shipped()
const components = all.components.filter((one) => ships.has(titleOf(one)))
const named = new Set(components.map(titleOf))
const missing = [...ships.keys()].filter((title) => !named.has(title))
if (missing.length) throw new Error(`npm sbom does not know ${missing.join(', ')}.`)
const refs = new Set([all.metadata.component['bom-ref'], ...components.map((one) => one['bom-ref'])])
const dependencies = all.dependencies
  .filter(({ ref }) => refs.has(ref))
  .map(({ ref, dependsOn }) => ({ ref, dependsOn: dependsOn.filter((one) => refs.has(one)) }))
console.log(JSON.stringify({ ...all, components, dependencies }, null, 2))
