/**
 * `node build/package/changes.mjs v0.2.0`: what CHANGELOG.md says of a version, for its release. Fails where the version is not
 * that of package.json, or has no chapter.
 */
import { readFileSync } from 'node:fs'

const version = process.argv[2]?.replace(/^v/, '')
const { version: ours } = JSON.parse(readFileSync('package.json', 'utf8'))
if (version !== ours) throw new Error(`package.json has version ${ours}, not ${version}.`)
const chapter = readFileSync('CHANGELOG.md', 'utf8')
  .split(/^## /m)
  .find((text) => text.startsWith(`${version} `))
if (!chapter) throw new Error(`CHANGELOG.md has no chapter “## ${version} – <date>”.`)
console.log(chapter.slice(chapter.indexOf('\n')).trim())
