import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, expect, it, vi } from 'vitest'
import { FolderWatch } from './folder-watch'

const home = mkdtempSync(path.join(tmpdir(), 'saim-watch-'))
afterEach(() => rmSync(home, { recursive: true }))

it('tells that a folder which was gone is there again, once', async () => {
  const folder = path.join(home, 'disk')
  const told = vi.fn()
  const watch = new FolderWatch(folder, told)
  watch.keep(new Set()) // a scan found nothing to enter
  await new Promise((resolve) => setTimeout(resolve, 2300))
  expect(told).not.toHaveBeenCalled()
  mkdirSync(folder)
  await vi.waitFor(() => expect(told).toHaveBeenCalledOnce(), { timeout: 5000 })
  watch.close()
})
