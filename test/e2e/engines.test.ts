import { readdirSync } from 'node:fs'
import path from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { readRun } from '#storage/run/run-folder'
import { expectAccessible } from '#test/helpers/accessibility'
import { enginesHere } from '#test/helpers/engines'
import {
  canOpenWindow,
  chromiumPath,
  type OpenedApp,
  openInBrowser,
  openWindow,
  picture,
} from '#test/helpers/hosts'
import { temporaryFolder } from '#test/helpers/runs'
import { addSample, go, startRun } from '#test/helpers/walk'

const titles: Record<string, RegExp> = {
  'onnxruntime-cpu': /^ONNX Runtime, CPU/,
  'onnxruntime-webgpu': /^ONNX Runtime, WebGPU/,
  tensorflow: /^TensorFlow/,
}

const hosts = [
  { name: 'in the browser', can: chromiumPath !== undefined, browser: true },
  { name: 'in the window', can: canOpenWindow(), browser: false },
]

describe.each(hosts)('the page of engines $name', ({ can, browser }) => {
  const home = temporaryFolder()
  let app: OpenedApp
  afterAll(() => app?.close())

  it.runIf(can)(
    'tries every engine on real training steps and recommends one, never a GPU that a processor plays',
    async () => {
      app = browser ? await openInBrowser(home, [home]) : await openWindow(home, home)
      const { page } = app
      await go(page, 'Machine')
      await page.getByRole('button', { name: 'Try all' }).click()
      const cardOf = (id: string) =>
        page.locator('.engine').filter({ has: page.getByRole('heading', { name: titles[id]! }) })
      for (const id of enginesHere()) {
        await cardOf(id).getByText('usable', { exact: true }).waitFor({ timeout: 300_000 })
        expect(
          await cardOf(id)
            .getByText(/images\/s$/)
            .first()
            .textContent(),
          id,
        ).toMatch(/[1-9]/)
      }
      await expect.poll(() => page.getByRole('button', { name: 'Try all' }).isEnabled()).toBe(true)
      await page.getByText('recommended', { exact: true }).waitFor()
      if (enginesHere().includes('onnxruntime-webgpu'))
        await cardOf('onnxruntime-webgpu').getByText('not recommended', { exact: true }).waitFor()
      if (enginesHere().includes('tensorflow'))
        await cardOf('tensorflow').getByText('Speed in bfloat16').waitFor()
      await expectAccessible(page, 'Engines that were tried')
      if (browser) await picture(page, 'engines', { fullPage: true })
    },
  )

  it.runIf(can && !browser && enginesHere().includes('tensorflow'))(
    'has runs trained by the engine that is chosen there',
    async () => {
      const { page } = app
      await page.getByRole('button', { name: 'Use TensorFlow' }).click()
      await go(page, 'Data sets')
      await addSample(page)
      await startRun(page, { name: 'By TensorFlow', epochs: 1 })
      await page.getByText('Finished', { exact: true }).first().waitFor({ timeout: 300_000 })
      const [id] = readdirSync(path.join(home, 'runs'))
      expect(await readRun(path.join(home, 'runs', id!))).toMatchObject({
        engine: 'tensorflow',
        notice: null,
        engines: [{ id: 'tensorflow', fromStep: 0 }],
      })
    },
  )
})
