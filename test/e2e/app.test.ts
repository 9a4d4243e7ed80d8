import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { Pickle } from '#formats/pytorch/pickle'
import { decodeSafetensors, encodeSafetensors } from '#formats/safetensors'
import { pages } from '#shared/pages'
import { bothHosts, type OpenedApp, openInBrowser, openWindow, windowHere } from '#test/helpers/hosts'
import { expectAccessible } from '#test/helpers/accessibility'
import { temporaryFolder } from '#test/helpers/runs'
import { strangeSizes } from '#test/helpers/type-scale'
import { addSample, chooseTheme, go, openRun, openTab, quick, startRun } from '#test/helpers/walk'

if (process.env['CI'])
  it('has a browser and a window to test in', () => {
    expect(bothHosts.filter(({ can }) => !can).map(({ name }) => name)).toEqual([])
  })

describe.each(windowHere)('the application $name', ({ can, browser }) => {
  const home = temporaryFolder()
  const target = path.join(home, 'exported')
  mkdirSync(target)
  let app: OpenedApp
  let page: Page
  const complaints: string[] = []
  const settings = { ...quick, 'Batch size': 64 }

  const open = async () => {
    app = browser ? await openInBrowser(home, [home]) : await openWindow(home, target)
    page = app.page
    page.on('pageerror', (error) => complaints.push(error.message))
    page.on('console', (message) => {
      if (/Content Security Policy/.test(message.text())) complaints.push(message.text())
    })
  }
  const lossSpoken = () => page.getByRole('img', { name: /^Loss\. / }).getAttribute('aria-label')
  afterAll(() => app?.close())
  // What the person would see is the best account of what went wrong.
  afterEach(async ({ task }) => {
    if (task.result?.state === 'fail' && page)
      await page.screenshot({ path: `test/output/${browser ? 'browser' : 'window'}-${task.id}.png` })
  })

  it.runIf(can)('adds the sample data set, trains on it and shows the loss move', async () => {
    await open()
    await page.getByText('Drop a folder here').waitFor()
    await addSample(page)

    await startRun(page, { name: 'First run', epochs: 5, settings })
    await expect.poll(lossSpoken, { timeout: 60_000 }).toMatch(/latest \d/)
    const before = await lossSpoken()
    await expect.poll(lossSpoken, { timeout: 60_000 }).not.toBe(before)
    await page.getByText(/step ([5-9]|1\d) of 35/).waitFor({ timeout: 60_000 })
    await page.getByRole('button', { name: 'Stop', exact: true }).click()
    await page.getByRole('button', { name: 'Resume' }).waitFor({ timeout: 60_000 })
    await page
      .getByRole('img', { name: /^Image 1 at step/ })
      .first()
      .waitFor()
  })

  it.runIf(can)('refuses settings that do not fit, at the field', async () => {
    await go(page, 'New run')
    await page.getByRole('button', { name: 'All settings' }).click()
    await page.getByLabel('Image size', { exact: true }).fill('65')
    await page.getByText('The image size must be a multiple of the patch size.').waitFor()
    expect(await page.getByRole('button', { name: 'Start training' }).isDisabled()).toBe(true)
    await page.getByLabel('Image size', { exact: true }).fill('64')
    await expect.poll(() => page.getByRole('button', { name: 'Start training' }).isEnabled()).toBe(true)
  })

  it.runIf(can)('knows the run after a restart, and resumes it to its end', async () => {
    await app.close()
    await open()
    await go(page, 'Runs')
    await page.getByRole('row', { name: /First run.*Stopped/ }).waitFor()
    await page.getByRole('table').getByRole('link', { name: 'First run' }).click()
    await page.getByRole('button', { name: 'Resume' }).click()
    await page.getByText('Finished', { exact: true }).first().waitFor({ timeout: 120_000 })
  })

  it.runIf(can)('compares it with a second run', async () => {
    await startRun(page, { name: 'Second run', epochs: 1, settings })
    await page.getByText('Finished', { exact: true }).first().waitFor({ timeout: 120_000 })
    await go(page, 'Runs')
    for (const name of ['First run', 'Second run'])
      await page
        .getByRole('row', { name: new RegExp(name) })
        .getByRole('checkbox')
        .check()
    await page.getByRole('button', { name: 'Compare' }).click()
    await page.getByRole('row', { name: 'Epochs 5 1' }).waitFor()
    await expect.poll(lossSpoken).toMatch(/First run: latest .*Second run: latest|Second run.*First run/)
    await page
      .getByRole('img', { name: /^Image 1 at step/ })
      .nth(1)
      .waitFor()
  })

  it.runIf(can)('shows reconstructions and exports a checkpoint', async () => {
    await openRun(page, 'First run', 'Reconstructions')
    await page.getByRole('heading', { name: 'This patch' }).waitFor()
    await openTab(page, 'Checkpoints & export')
    await page.getByRole('button', { name: 'Change folder' }).click()
    if (browser) {
      await page.getByRole('dialog').getByText('exported', { exact: true }).click()
      await page.getByRole('dialog').getByText(target).waitFor()
      await page.getByRole('button', { name: 'Choose this folder' }).click()
    }
    await page.getByRole('button', { name: /^Export as / }).click()
    await page.getByText('Written:').waitFor()
    await page.getByText(/onnxruntime: (no difference|largest difference \d\.\de-\d+) on 8 images/).waitFor()
    expect(readdirSync(target)).toHaveLength(1)
  })

  it.runIf(can)('imports what was exported, says what became of it, and shows the run', async () => {
    const [exported] = readdirSync(target)
    const file = path.join(target, exported!, 'model.safetensors')
    await go(page, 'Runs')
    await page.getByRole('button', { name: 'Import checkpoint' }).click()
    if (browser) {
      await page.getByRole('button', { name: 'Choose file' }).click()
      for (const name of ['exported', exported!, 'model.safetensors'])
        await page.getByRole('dialog').getByText(name, { exact: true }).click()
      expect(await page.getByLabel('File (.pth or .safetensors)').inputValue()).toBe(file)
    } else await page.getByLabel('File (.pth or .safetensors)').fill(file)
    // As if it were of other heads: the model is another one then, all weights have their place.
    await page.getByLabel('Heads').fill('8')
    await page.getByRole('button', { name: 'Import', exact: true }).click()
    await page.getByText(/Imported \d+ weights with the names of the authors' code as the run/).waitFor()
    await page.getByText(/Model: 4 blocks of width 64, 8 heads, patches of 8 px, images of 32 px/).waitFor()
    await page.getByText('Positions: The fixed sine-cosine embedding, as here.').waitFor()
    expect(await page.getByText('Missing from the file').count()).toBe(0)
    await page.getByRole('dialog').getByRole('link', { name: 'model', exact: true }).click()
    await page.getByRole('heading', { name: 'model', level: 1 }).waitFor()
    await page.getByRole('button', { name: 'Resume' }).waitFor()
  })

  it.runIf(can)('says which weights a file lacks, and refuses one that would run something', async () => {
    const file = (name: string) => path.join(home, name)
    const weights = decodeSafetensors(
      readFileSync(path.join(target, readdirSync(target)[0]!, 'model.safetensors')),
    )
    const { 'query_blocks.0.norm1.bias': lacking, ...rest } = weights.tensors
    writeFileSync(
      file('part.safetensors'),
      Buffer.concat(encodeSafetensors({ ...rest, 'head.strange': lacking! }, weights.metadata)),
    )
    const evil = new Pickle().global('os', 'system')
    evil.tuple(() => evil.text(`touch ${file('owned')}`)).call()
    writeFileSync(file('evil.pth'), evil.finish())
    await go(page, 'Runs')
    await page.getByRole('button', { name: 'Import checkpoint' }).click()
    await page.getByLabel('File (.pth or .safetensors)').fill(file('part.safetensors'))
    await page.getByRole('button', { name: 'Import', exact: true }).click()
    await page.getByText('Missing from the file, initialised as in a new run: 1').click()
    await page.getByText('query_blocks.0.norm1.bias').waitFor()
    await page.getByText('In the file, not used: 1').click()
    await page.getByText('head.strange', { exact: true }).waitFor()

    await page.getByLabel('File (.pth or .safetensors)').fill(file('evil.pth'))
    await page.getByRole('button', { name: 'Import', exact: true }).click()
    await page.getByText(/asks for the Python object os\.system/).waitFor()
    expect(existsSync(file('owned'))).toBe(false)
    await page.keyboard.press('Escape')
  })

  it.runIf(can)(
    'has no accessibility violation of level A or AA on any page, in light and dark, and only six sizes of type',
    async () => {
      await go(page, 'Settings')
      for (const theme of ['Dark', 'Light'] as const) {
        await chooseTheme(page, theme)
        for (const { title } of pages) {
          await go(page, title)
          await expectAccessible(page, `${theme} ${title}`)
          expect(await strangeSizes(page), title).toEqual([])
        }
        await go(page, 'Data sets')
        await page.getByRole('link', { name: 'Sample images' }).click()
        for (const tab of ['Quality', 'Runs', 'Images']) {
          await openTab(page, tab)
          await expectAccessible(page, `${theme} data set, ${tab}`)
          expect(await strangeSizes(page), tab).toEqual([])
        }
        await openRun(page, 'First run')
        for (const tab of await page.locator('.tabs').getByRole('link').all()) {
          await tab.click()
          await expectAccessible(page, `${theme} run, ${await tab.textContent()}`)
        }
      }
    },
  )

  it.runIf(can)('breaks no rule of its own content security policy and throws nothing', () => {
    expect(complaints).toEqual([])
  })
})
