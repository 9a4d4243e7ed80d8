import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { Folders } from './folders'

const home = realpathSync(mkdtempSync(path.join(tmpdir(), 'saim-folders-')))
afterAll(() => rmSync(home, { recursive: true }))

it.runIf(process.platform !== 'win32')(
  'lists links to folders, and none that leads out of the roots',
  async () => {
    const [root, out] = [path.join(home, 'root'), path.join(home, 'out')]
    for (const folder of [root, out, path.join(root, 'photos')]) mkdirSync(folder)
    writeFileSync(path.join(root, 'a.txt'), '')
    symlinkSync('photos', path.join(root, 'linked'))
    symlinkSync('a.txt', path.join(root, 'file'))
    symlinkSync('nowhere', path.join(root, 'dangling'))
    symlinkSync(out, path.join(root, 'leads out'))
    const { folders } = await new Folders([root]).list(root)
    expect(folders.map(({ name }) => name)).toEqual(['linked', 'photos'])
  },
)
