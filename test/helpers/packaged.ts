import { mkdirSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import type { Page } from 'playwright-core'
import { expect } from 'vitest'
import { decodeSafetensors } from '#formats/safetensors'
import { addSample, openTab, quick, startRun } from './walk'

/** All files below a folder, relative to it. */
export const filesOf = (folder: string) =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)))

/** A call of the contract, past the buttons: no test can click the system's folder dialog. */
export const call = (page: Page, name: string, input: unknown): Promise<unknown> =>
  page.evaluate(`new Promise((resolve) => {
    window.saim.onMessage((text) => {
      const { t, i, r } = JSON.parse(text)
      if (t === 's' && i === 'of the test') resolve(r)
    })
    window.saim.send(${JSON.stringify(JSON.stringify({ t: 'q', m: 'call', a: [name, input], i: 'of the test' }))})
  })`)

/** What a package is for, in a fresh home: trains more than 20 steps on the sample images, looks into the run and exports it. */
export async function trainAndExport(page: Page, home: string): Promise<void> {
  await addSample(page)
  await startRun(page, { name: 'Packaged', epochs: 3, settings: { ...quick, 'Batch size': 64 } })
  await page.getByText('Finished', { exact: true }).first().waitFor({ timeout: 480_000 })
  await openTab(page, 'Reconstructions')
  await page.getByRole('heading', { name: 'This patch' }).waitFor({ timeout: 60_000 })

  const target = path.join(home, 'exported')
  mkdirSync(target)
  const [id] = readdirSync(path.join(home, 'runs'))
  const metrics = readFileSync(path.join(home, 'runs', id!, 'metrics.jsonl'), 'utf8')
  expect(metrics.trim().split('\n').length).toBeGreaterThanOrEqual(20)
  const answer = await call(page, 'exports.create', { id, format: 'safetensors', folder: target })
  expect(answer).toMatchObject({ ok: true })
  const weights = filesOf(target).find((file) => file.endsWith('.safetensors'))!
  const { tensors } = decodeSafetensors(readFileSync(path.join(target, weights)))
  expect(tensors['patch_embed.proj.weight']!.shape).toEqual([64, 3, 8, 8])
}
