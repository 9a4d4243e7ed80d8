import { readdirSync } from 'node:fs'
import path from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { readRun } from '#storage/run/run-folder'
import { expectAccessible } from '#test/helpers/accessibility'
import { enginesHere } from '#test/helpers/engines'
import { hostsHere, type OpenedApp, openInBrowser, openWindow } from '#test/helpers/hosts'
import { temporaryFolder } from '#test/helpers/runs'
import { addSample, go, startRun } from '#test/helpers/walk'

const titles: Record<string, RegExp> = {
  'onnxruntime-cpu': /^ONNX Runtime, CPU/,
  'onnxruntime-webgpu': /^ONNX Runtime, WebGPU/,
  tensorflow: /^TensorFlow/,
}

describe.each(hostsHere)('the page of engines $name', ({ can, browser }) => {
  const home = temporaryFolder()
  let app: OpenedApp
  afterAll(() => app?.close())

  it.runIf(can)(
    'tests every engine on real training steps and recommends one, never software rendering',
    async () => {
      app = browser ? await openInBrowser(home, [home]) : await openWindow(home, home)
      const { page } = app
      await go(page, 'Machine')
      await page.getByRole('button', { name: 'Test all' }).click()
      const rowOf = (id: string) => page.getByRole('row', { name: titles[id]! })
      for (const id of enginesHere()) {
        await rowOf(id)
          .getByText(/^(In use|Works|Works, slow here)$/)
          .waitFor({ timeout: 300_000 })
        expect(await rowOf(id).getByRole('cell').nth(1).textContent(), id).toMatch(/[1-9]/)
      }
      await expect.poll(() => page.getByRole('button', { name: 'Test all' }).isEnabled()).toBe(true)
      await page.getByRole('row').getByText('Recommended', { exact: true }).waitFor()
      if (enginesHere().includes('onnxruntime-webgpu'))
        await rowOf('onnxruntime-webgpu').getByText('No GPU here: software rendering').waitFor()
      if (enginesHere().includes('tensorflow')) {
        await page.getByRole('button', { name: 'TensorFlow', exact: true }).click()
        await page.getByText('Speed in bfloat16').waitFor()
        await page.getByRole('button', { name: 'Close', exact: true }).click()
      }
      await expectAccessible(page, 'Engines that were tried')
    },
  )

  it.runIf(can && browser && enginesHere().includes('tensorflow'))(
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
