import { existsSync, readdirSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { createEngine } from '#engine/engines'
import { verifyReference } from '#jobs/prove/verify'
import { enginesHere, testedEngines } from '#test/helpers/engines'
import { saim, temporaryFolder } from '#test/helpers/runs'

/** Reference data lies beside the checkout; it is too large to keep in it. */
const root = path.resolve('../shared/reference')
const folders = existsSync(root) ? readdirSync(root).map((name) => path.join(root, name)) : []

if (process.env['CI'])
  it('has every engine to test on', () => {
    expect(enginesHere()).toEqual(testedEngines)
  })

describe.skipIf(folders.length === 0)('an independent implementation', () => {
  const everywhere = enginesHere().flatMap((engine) => folders.map((folder) => ({ engine, folder })))
  const slow = 'onnxruntime-webgpu' // in software
  const recomputed = everywhere
    .filter(({ engine, folder }) => engine !== slow || folder === folders[0])
    .map((where) => ({ ...where, changes: { gradientCheckpointing: true } }))
  it.each([...everywhere.map((where) => ({ ...where, changes: {} })), ...recomputed])(
    'agrees within tolerance at every stage: $engine on $folder $changes',
    async ({ engine, folder, changes }) => {
      const checks = await verifyReference(folder, await createEngine(engine, { threads: 2 }), changes)
      expect(checks.length).toBeGreaterThan(50)
      expect(checks.filter(({ difference, tolerance }) => !(difference <= tolerance))).toEqual([])
    },
  )

  it('is compared by `saim verify`, which fails where a folder is not reference data', async () => {
    const home = temporaryFolder()
    expect((await saim(['verify', folders[0]!], home)).code).toBe(0)
    const { code, output } = await saim(['verify', home], home)
    expect(code).toBe(1)
    expect(output).toContain('manifest.json')
  })
})
