import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import type { Plugin } from 'vite'

/** Writes down the packages that a bundle holds, for their licences: out/packages/<name>.json, a list of folders. */
export const listPackages = (name: string): Plugin => ({
  name: 'list-packages',
  writeBundle() {
    const folders = [...this.getModuleIds()].flatMap((module) => packageOf(module) ?? [])
    mkdirSync('out/packages', { recursive: true })
    writeFileSync(`out/packages/${name}.json`, JSON.stringify([...new Set(folders)].sort(), null, 2))
  },
})

/** node_modules/<name> or node_modules/@scope/<name>, nested ones too. */
function packageOf(module: string): string | undefined {
  const file = module.replace('\0', '').split('?')[0]!
  const relative = path.relative('.', file).replaceAll('\\', '/')
  return /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(relative)?.[0]
}
