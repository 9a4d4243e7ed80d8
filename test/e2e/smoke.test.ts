import { readdirSync } from 'node:fs'
import path from 'node:path'
import { it } from 'vitest'
import { openPackaged } from '#test/helpers/hosts'
import { trainAndExport } from '#test/helpers/packaged'
import { temporaryFolder } from '#test/helpers/runs'

/** Of a release: what `npm run package` left in dist, on each system that it is packaged on. */
it.runIf(process.env['SAIM_SMOKE'])(
  'the package of this system starts, trains 20 steps and exports',
  async () => {
    const home = temporaryFolder()
    const unpacked = readdirSync('dist').find((name) => /-unpacked$|^mac/.test(name))!
    const app = await openPackaged(path.resolve('dist', unpacked), home)
    try {
      await trainAndExport(app.page, home)
    } finally {
      await app.close()
    }
  },
)
