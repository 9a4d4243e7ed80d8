import { mkdirSync, readdirSync } from 'node:fs'
import path from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { expectAccessible } from '#test/helpers/accessibility'
import { hostsHere, type OpenedApp, openInBrowser, openWindow } from '#test/helpers/hosts'
import { flags, saim, temporaryFolder } from '#test/helpers/runs'
import { openRun, openTab } from '#test/helpers/walk'

describe.each(hostsHere)('looking into a run $name', ({ can, browser }) => {
  const home = temporaryFolder()
  const target = path.join(home, `exported-${browser}`)
  mkdirSync(target, { recursive: true })
  let app: OpenedApp
  let page: Page
  const complaints: string[] = []

  const patchOf = (title: string) => page.getByRole('slider', { name: `${title}: patch` }).first()
  /** The folder that the system's dialog, or ours, answers. */
  const chooseTarget = async () => {
    if (!browser) return
    await page.getByRole('dialog').getByText(path.basename(target), { exact: true }).click()
    await page.getByRole('dialog').getByText(target).waitFor()
    await page.getByRole('button', { name: 'Choose this folder' }).click()
  }
  afterAll(() => app?.close())
  afterEach(async ({ task }) => {
    if (task.result?.state === 'fail' && page)
      await page.screenshot({ path: `test/output/inspect-${browser ? 'browser' : 'window'}-${task.id}.png` })
  })

  it.runIf(can)('shows what was predicted at each checkpoint, patch by patch', async () => {
    const model = { width: 32, depth: 2, heads: 2, 'query-depth': 2, epochs: 2, 'checkpoint-every': 1 }
    const { code, output } = await saim(
      ['train', ...flags({ ...model, 'batch-size': 64 }), '--name', 'Look into'],
      home,
    )
    expect(code, output).toBe(0)
    app = browser ? await openInBrowser(home, [home]) : await openWindow(home, target)
    page = app.page
    page.on('pageerror', (error) => complaints.push(error.message))
    page.on('console', (message) => {
      if (/Content Security Policy/.test(message.text())) complaints.push(message.text())
    })
    await openRun(page, 'Look into', 'Reconstructions')
    await page.getByRole('heading', { name: 'This patch' }).waitFor()
    await patchOf('What it sees').focus()
    const chosen = (title: string) => patchOf(title).getAttribute('aria-valuetext')
    await patchOf('What it sees').click({ position: { x: 5, y: 5 } })
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('ArrowRight')
    expect(await chosen('What it sees')).toBe('row 2, column 2')
    await patchOf('Prediction').click({ position: { x: 130, y: 100 } })
    expect(await chosen('What it sees')).toBe(await chosen('Prediction'))
    await page.getByRole('img', { name: /^Content: the chosen patch sees/ }).waitFor()
    await page.getByRole('img', { name: /^Query: the chosen patch sees/ }).waitFor()
    await expectAccessible(page, 'Reconstructions')
  })

  it.runIf(can)('keeps checkpoint, image and patch in the address, through tabs and reload', async () => {
    const step = () =>
      page
        .getByText(/^Step \d+$/)
        .first()
        .textContent()
    const newest = await step()
    await page.getByRole('slider', { name: 'Checkpoint' }).fill('0')
    await expect.poll(step).not.toBe(newest)
    const older = await step()
    await page.keyboard.press('Escape')
    await page.getByRole('group', { name: 'Image' }).getByRole('button').nth(1).click()
    await expect.poll(() => page.url()).toMatch(/step=\d+.*image=|image=.*step=\d+/)
    const place = await patchOf('Prediction').getAttribute('aria-valuetext')
    await page.reload()
    await page.getByRole('heading', { name: 'This patch' }).waitFor()
    await expect.poll(step).toBe(older)
    expect(await patchOf('Prediction').getAttribute('aria-valuetext')).toBe(place)
    expect(
      await page
        .getByRole('group', { name: 'Image' })
        .getByRole('button')
        .nth(1)
        .getAttribute('aria-pressed'),
    ).toBe('true')
    await page.getByRole('heading', { name: 'This patch' }).click()
    await page.keyboard.press('.')
    await expect.poll(step).toBe(newest)
    await page.keyboard.press(',')
    await expect.poll(step).toBe(older)
  })

  it.runIf(can)('plays how the patches come about, and saves it', async () => {
    const place = () => page.getByRole('slider', { name: 'Patch', exact: true }).inputValue()
    await page.getByRole('slider', { name: 'Patch', exact: true }).fill('0')
    await page.getByRole('button', { name: 'Play', exact: true }).click()
    await expect.poll(place).not.toBe('0')
    await page.getByRole('button', { name: 'Pause', exact: true }).click()
    await page.getByRole('button', { name: 'Own predictions' }).click()
    await page.getByText('Trained on sharp patches').waitFor({ timeout: 60_000 })
    await page.getByRole('slider', { name: 'Patch', exact: true }).fill('40')
    await page.getByRole('button', { name: 'Save pictures' }).click()
    await page.getByText('Save as GIF').click()
    await chooseTarget()
    await page.getByText('Saved as').waitFor({ timeout: 60_000 })
    expect(readdirSync(target).filter((name) => name.endsWith('.gif')).length).toBeGreaterThan(0)
    await page.getByRole('button', { name: 'Play from the first checkpoint' }).click()
    await expectAccessible(page, 'Own predictions')
  })

  it.runIf(can)('shows what a patch attends to, in all blocks and heads', async () => {
    await openTab(page, 'Attention')
    await page.getByRole('button', { name: 'Block 1, head 1' }).click()
    await page.getByRole('heading', { name: 'Block 1, head 1' }).waitFor()
    await page.getByRole('button', { name: 'Next map' }).click()
    await page.getByRole('heading', { name: 'Block 1, head 2' }).waitFor()
    await page.getByRole('img', { name: /^Attention distance\. Head 1: latest \d/ }).waitFor()
    await page.getByText(/The patch in row \d, column \d looks most at/).waitFor()
    await page.getByRole('button', { name: 'Class token' }).click()
    await page.getByText(/The class token looks most at/).waitFor()
    await expectAccessible(page, 'Attention')
  })

  it.runIf(can)('maps a data set, finds neighbours and what stands out, and exports', async () => {
    await openTab(page, 'Embeddings')
    await page.getByRole('button', { name: 'Embed' }).click()
    const map = page.getByRole('img', { name: /^Map of \d+ images, coloured by class/ })
    await map.waitFor({ timeout: 120_000 })
    await page
      .getByRole('button', { name: 'Stop', exact: true })
      .waitFor({ state: 'detached', timeout: 120_000 })
    await page.getByRole('button', { name: 'PCA' }).click()
    await page
      .getByRole('button', { name: 'Stop', exact: true })
      .waitFor({ state: 'detached', timeout: 120_000 })
    await map.click({ position: { x: 240, y: 200 } })
    await page.getByRole('img', { name: 'The chosen image' }).waitFor()
    await expect.poll(() => page.getByTitle(/, cosine /).count()).toBe(8)
    expect(await page.getByTitle(/, loss /).count()).toBe(12)
    await page
      .getByRole('region', { name: 'Classes' })
      .getByText(/^\d+%$/)
      .first()
      .waitFor()

    // A line around everything selects all; the keyboard takes one more out.
    await page.getByRole('button', { name: 'Select an area' }).click()
    const { x, y, width, height } = (await map.boundingBox())!
    const corners = [
      [2, 2],
      [width - 2, 2],
      [width - 2, height - 2],
      [2, height - 2],
    ] as const
    await page.mouse.move(x + 2, y + height - 2)
    await page.mouse.down()
    for (const [left, top] of corners) await page.mouse.move(x + left, y + top, { steps: 4 })
    await page.mouse.up()
    const selected = async () => parseInt((await page.getByText(/^\d+ selected$/).textContent())!)
    const all = await selected()
    expect(all).toBeGreaterThan(20)
    await page.getByRole('group', { name: /^Map:/ }).focus()
    await page.keyboard.press('ArrowRight')
    await page.keyboard.press('Enter')
    expect(await selected()).toBe(all - 1)
    await page.getByRole('button', { name: 'Clear selection' }).click()
    await page.getByRole('combobox', { name: /^Colour/ }).selectOption('Loss')
    await page.getByRole('img', { name: /coloured by loss/ }).waitFor()

    await page.getByRole('button', { name: 'Export vectors' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Export', exact: true }).click()
    await chooseTarget()
    await page.getByText('Written:').waitFor()
    const [folder] = readdirSync(target).filter((name) => name.includes('embeddings-npy'))
    expect(readdirSync(path.join(target, folder!))).toContain('class_token.npy')
    await expectAccessible(page, 'Embeddings')
  })

  it.runIf(can)('shows the health of what is learned on the page of the run', async () => {
    await openTab(page, 'Overview')
    const chart = page.getByRole('img', { name: /^Loss\. / })
    const { x, y, width } = (await chart.boundingBox())!
    const shown = () => page.getByRole('region', { name: 'Watch it learn' }).getByRole('status').textContent()
    await page.mouse.click(x + width - 60, y + 120)
    const newest = await shown()
    await page.mouse.click(x + 60, y + 120)
    await expect.poll(shown).not.toBe(newest)
    const reset = page.getByRole('button', { name: 'Reset zoom of Loss' })
    expect(await reset.count()).toBe(0)
    await page.mouse.move(x + 80, y + 120)
    await page.mouse.down()
    await page.mouse.move(x + 200, y + 120)
    await page.mouse.up()
    await reset.waitFor()
    await page.mouse.dblclick(x + 150, y + 120)
    await reset.waitFor({ state: 'detached' })
    await page.getByRole('button', { name: 'Show data of Loss' }).click()
    await page.getByRole('dialog').getByRole('columnheader', { name: 'Training, smoothed' }).waitFor()
    expect(await page.getByRole('dialog').getByRole('row').count()).toBeGreaterThan(3)
    await page.getByRole('button', { name: 'Close' }).click()
    await page
      .getByRole('img', { name: /^Effective rank\. Effective rank: latest \d/ })
      .scrollIntoViewIfNeeded()
    await expectAccessible(page, 'Health')
    expect(complaints).toEqual([])
  })
})
