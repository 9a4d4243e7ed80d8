import { afterAll, describe, expect, it } from 'vitest'
import { expectAccessible } from '../helpers/accessibility'
import { enginesHere } from '../helpers/engines'
import { chromiumPath, type OpenedApp, openInBrowser, picture } from '../helpers/hosts'
import { temporaryFolder } from '../helpers/runs'

const titles: Record<string, RegExp> = {
  'onnxruntime-cpu': /^ONNX Runtime, processor/,
  'onnxruntime-webgpu': /^ONNX Runtime, WebGPU/,
  tensorflow: /^TensorFlow/,
}

describe.runIf(chromiumPath)('the page of engines', () => {
  const home = temporaryFolder()
  let app: OpenedApp
  afterAll(() => app?.close())

  it('tries every engine on real training steps and recommends one, never a GPU that a processor plays', async () => {
    app = await openInBrowser(home, [home])
    const { page } = app
    await page.getByRole('link', { name: 'Engines', exact: true }).click()
    await page.getByRole('button', { name: 'Try all' }).click()
    const cardOf = (id: string) =>
      page.locator('.engine').filter({ has: page.getByRole('heading', { name: titles[id]! }) })
    for (const id of enginesHere()) {
      await cardOf(id).getByText('usable', { exact: true }).waitFor({ timeout: 300_000 })
      expect(
        await cardOf(id)
          .getByText(/images\/s$/)
          .textContent(),
        id,
      ).toMatch(/[1-9]/)
    }
    await expect.poll(() => page.getByRole('button', { name: 'Try all' }).isEnabled()).toBe(true)
    await page.getByText('recommended', { exact: true }).waitFor()
    if (enginesHere().includes('onnxruntime-webgpu'))
      await cardOf('onnxruntime-webgpu').getByText('not recommended', { exact: true }).waitFor()
    await expectAccessible(page, 'Engines that were tried')
    await picture(page, 'engines', { fullPage: true })
  })
})
