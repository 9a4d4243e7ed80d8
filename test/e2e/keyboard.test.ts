import { mkdirSync, readdirSync } from 'node:fs'
import path from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { hostsHere, type OpenedApp, openInBrowser, openWindow } from '#test/helpers/hosts'
import { temporaryFolder } from '#test/helpers/runs'

/** What has the focus: its name for those who hear it, or its text. */
const focused = `(() => {
  const at = document.activeElement
  if (at === document.body) return ''
  const labels = at.labels ? Array.from(at.labels, (label) => label.textContent).join(' ') : ''
  return (at.getAttribute('aria-label') || labels || at.textContent || '').trim().replace(/\\s+/g, ' ')
})()`

describe.each(hostsHere)('with the keyboard alone $name', ({ can, browser }) => {
  const home = temporaryFolder()
  const target = path.join(home, 'exported')
  mkdirSync(target)
  let app: OpenedApp
  let page: Page
  afterAll(() => app?.close())
  afterEach(async ({ task }) => {
    if (task.result?.state === 'fail' && page)
      await page.screenshot({ path: `test/output/keyboard-${browser ? 'browser' : 'window'}-${task.id}.png` })
  })

  const press = (key: string) => page.keyboard.press(key)
  /** Tabs on until something of that name has the focus. */
  async function tabTo(name: RegExp, key = 'Tab') {
    const passed: string[] = []
    for (let i = 0; i < 150; i++) {
      const here = String(await page.evaluate(focused))
      if (name.test(here)) return
      passed.push(here)
      await press(key)
    }
    throw new Error(`Nothing named ${name} gets the focus: ${passed.slice(-40).join(' | ')}`)
  }
  /** Does what the palette finds first. */
  async function command(words: string) {
    await press('Control+K')
    const field = page.getByRole('combobox', { name: /search/i })
    await field.waitFor()
    await page.keyboard.type(words)
    await page.getByRole('listbox').getByRole('option').first().waitFor()
    await press('Enter')
    await field.waitFor({ state: 'detached' })
  }

  it.runIf(can)('goes from nothing to a run that trains', async () => {
    app = browser ? await openInBrowser(home, [home]) : await openWindow(home, target)
    page = app.page
    await page.getByRole('button', { name: /sample images/i }).waitFor()
    await tabTo(/sample images/i)
    await press('Enter')
    await page.getByRole('option', { name: 'animals/ant.png' }).waitFor({ timeout: 60_000 })
    await press('Control+N')
    await page.getByRole('heading', { name: 'New run', level: 1 }).waitFor()
    await tabTo(/^Name of the run$/)
    await page.keyboard.type('By keyboard')
    await tabTo(/^Epochs$/)
    await press('Control+A')
    await page.keyboard.type('1')
    await tabTo(/^All settings$/)
    await press('Enter')
    await tabTo(/^Search settings$/)
    await page.keyboard.type('--image-size')
    await tabTo(/^Image size$/)
    await press('Control+A')
    await page.keyboard.type('32')
    await press('Tab')
    await press('Control+Enter')
    await page.getByRole('heading', { name: 'By keyboard', level: 1 }).waitFor()
    await page.getByText('Finished', { exact: true }).first().waitFor({ timeout: 180_000 })
  })

  it.runIf(can)('looks into it, and keeps run, tab and patch through Back and reload', async () => {
    await press('Alt+2')
    const seen = page.getByRole('slider', { name: /What it sees: patch/ })
    await seen.waitFor({ timeout: 60_000 })
    await tabTo(/What it sees: patch/)
    await press('ArrowDown')
    await press('ArrowRight')
    const chosen = () => seen.getAttribute('aria-valuetext')
    const patch = await chosen()
    await press('Alt+3')
    await page.getByText('All blocks and heads').waitFor({ timeout: 60_000 })
    await page.goBack()
    await seen.waitFor()
    expect(await chosen()).toBe(patch)
    await page.reload()
    await seen.waitFor({ timeout: 60_000 })
    expect(await chosen()).toBe(patch)
  })

  it.runIf(can)('evaluates it', async () => {
    await press('Alt+5')
    await page.getByRole('heading', { name: /^New evaluation/ }).waitFor()
    await tabTo(/^Start evaluation$/)
    await press('Enter')
    await page.getByText('Random weights, top-1').waitFor({ timeout: 120_000 })
  })

  it.runIf(can)('exports it', async () => {
    await press('Alt+6')
    await page.getByRole('heading', { name: /^Export step/ }).waitFor()
    await tabTo(/^Change folder$/)
    await press('Enter')
    if (browser) {
      await page.getByRole('dialog').waitFor()
      await tabTo(/^datasets$/)
      await tabTo(/^exported$/, 'ArrowDown')
      await press('Enter')
      await page.getByRole('dialog').getByText(target).waitFor()
      await tabTo(/^Choose this folder$/)
      await press('Enter')
    }
    await expect.poll(() => page.getByLabel('Folder', { exact: true }).inputValue()).toBe(target)
    await tabTo(/^Export as /)
    await press('Enter')
    await page.getByText('Written:').waitFor({ timeout: 60_000 })
    expect(readdirSync(target)).toHaveLength(1)
  })

  it.runIf(can)('finds pages and actions in the palette', async () => {
    await command('machine')
    await page.getByRole('heading', { name: 'Machine', level: 1 }).waitFor()
    await command('By keyboard')
    await page.getByRole('heading', { name: 'By keyboard', level: 1 }).waitFor()
  })
})
