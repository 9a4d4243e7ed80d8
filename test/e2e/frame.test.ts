import { cpSync, mkdirSync, readdirSync } from 'node:fs'
import path from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { pages } from '#shared/pages'
import { expectAccessible, expectReachable } from '#test/helpers/accessibility'
import { chromiumPath, type OpenedApp, openInBrowser } from '#test/helpers/hosts'
import { temporaryFolder } from '#test/helpers/runs'
import { addSample, chooseTheme, go } from '#test/helpers/walk'

/** What stands around every page: sidebar, status bar, palette, shortcuts, toasts and the bell. */
describe.runIf(chromiumPath)('the frame', () => {
  const home = temporaryFolder()
  let app: OpenedApp
  let page: Page
  beforeAll(async () => {
    mkdirSync(path.join(home, 'runs'))
    cpSync('test/fixtures/run-0.1', path.join(home, 'runs', 'a-run-20261128-132742-agl3'), {
      recursive: true,
    })
    await open()
    await go(page, 'Data sets')
    await addSample(page)
  })
  afterAll(() => app?.close())
  const open = async () => {
    app = await openInBrowser(home, [home])
    page = app.page
  }
  const palette = () => page.getByRole('combobox', { name: 'Search and commands' })
  const type = async (text: string) => {
    await page.keyboard.press('Control+k')
    await palette().fill(text)
  }

  it('leads to every page by its number, and to a run by its name', async () => {
    for (const { shortcut, title } of pages.filter(({ shortcut }) => /\d$/.test(shortcut))) {
      await page.keyboard.press(shortcut.replace('CmdOrCtrl', 'Control'))
      await page.getByRole('heading', { name: title, level: 1 }).waitFor({ state: 'attached' })
    }
    await type('a run')
    expect(await page.getByRole('option').first().textContent()).toContain('a run')
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'a run', level: 1 }).waitFor()
    await page.keyboard.press('Alt+8')
    await expect.poll(() => page.url()).toMatch(/\/log$/)
  })

  it('shows commands only behind >, and the actions of one object by Tab', async () => {
    await type('> sample')
    await page.getByRole('option', { name: /^Train on/ }).waitFor()
    expect(await page.getByRole('group', { name: 'Data sets' }).count()).toBe(0)
    await palette().fill('sample')
    await page.getByRole('group', { name: 'Data sets' }).waitFor()
    await page.keyboard.press('Tab')
    await page.getByRole('option', { name: /^Quality of/ }).waitFor()
    expect(await page.getByRole('listbox').getByRole('group').count()).toBe(1)
    await page.keyboard.press('Escape')
    await palette().waitFor({ state: 'hidden' })
  })

  it('lists its keys, but not while the person types', async () => {
    await go(page, 'Settings')
    await page.keyboard.press('/')
    await page.keyboard.type('?trash')
    expect(await page.getByRole('searchbox').inputValue()).toBe('?trash')
    await page.getByRole('searchbox').fill('trash')
    await page.getByRole('combobox', { name: 'Empty the trash' }).waitFor()
    expect(await page.getByRole('combobox', { name: 'CPU threads' }).count()).toBe(0)
    await go(page, 'Home')
    await page.keyboard.press('?')
    await page.getByRole('dialog').getByText('Move to trash').waitFor()
    await page.keyboard.press('Escape')
  })

  it('has new runs keep the checkpoints that Settings say', async () => {
    const kept = async () => {
      await page.evaluate(`location.hash = '#/new/settings'`)
      return page.getByLabel('Keep every', { exact: true }).inputValue()
    }
    expect(await kept()).toBe('1')
    await page.evaluate(`location.hash = '#/settings'`)
    await page.getByRole('combobox', { name: 'Keep checkpoints' }).press('Enter')
    await page.getByRole('option', { name: 'Every 5th, and the best 3' }).click()
    await expect.poll(kept).toBe('5')
    await page.reload()
    expect(await kept()).toBe('5')
  })

  it('gives a removed run back, and remembers over a restart what it told', async () => {
    await type('trash a run')
    await page.keyboard.press('Enter')
    await page.getByRole('status').getByText('moved to trash').waitFor()
    expect(readdirSync(path.join(home, 'trash'))).toHaveLength(1)
    await page.getByRole('button', { name: 'Undo' }).click()
    await go(page, 'Runs')
    await page.getByRole('row', { name: /a run/ }).waitFor()
    await app.close()
    await open()
    await page.getByRole('button', { name: /^Notifications, \d+ new$/ }).click()
    await page.getByRole('dialog', { name: 'Notifications' }).getByText('moved to trash').waitFor()
    await expectAccessible(page, 'Notifications')
    await page.getByRole('button', { name: 'Clear all' }).click()
    await page.getByText('Nothing to tell.').waitFor()
    await page.keyboard.press('Escape')
  })

  it('renames, pins and archives by the palette alone, the last with a way back', async () => {
    await type('rename a run')
    await page.keyboard.press('Enter')
    const name = page.getByRole('dialog', { name: 'Rename run' }).getByLabel('Name')
    await name.fill('another run')
    await name.press('Enter')
    await go(page, 'Runs')
    await page.getByRole('row', { name: /another run/ }).waitFor()
    await type('pin sample')
    await page.keyboard.press('Enter')
    await page
      .getByRole('list', { name: 'Pinned' })
      .getByRole('link', { name: /^sample/i })
      .waitFor()
    await type('archive another')
    await page.keyboard.press('Enter')
    await page.getByRole('status').getByText('moved to the archive').waitFor()
    await expect.poll(() => page.getByRole('row', { name: /another run/ }).count()).toBe(0)
    await page.getByRole('button', { name: 'Undo' }).click()
    await page.getByRole('row', { name: /another run/ }).waitFor()
    await type('unpin sample')
    await page.keyboard.press('Enter')
    await expect.poll(() => page.getByRole('list', { name: 'Pinned' }).count()).toBe(0)
  })

  it('says what is not there and leads back', async () => {
    await page.evaluate("location.hash = '#/runs/no-such-run'")
    await page.getByRole('heading', { name: 'Run not found' }).waitFor()
    await page.getByRole('link', { name: 'All runs' }).click()
    await page.getByRole('heading', { name: 'Runs', level: 1 }).waitFor()
  })

  it('can be used with text at 200%, where a window of 1440 × 900 has room for 720 × 450', async () => {
    /** The addresses of the tabs of the object that is shown. */
    const tabsHere = async () => {
      await page.locator('.tabs a').first().waitFor()
      return (await page.evaluate(
        `[...document.querySelectorAll('.tabs a')].map(({ hash }) => hash.slice(1))`,
      )) as string[]
    }
    await go(page, 'Data sets')
    await page
      .getByRole('link', { name: /^sample/i })
      .first()
      .click()
    const ofDataset = await tabsHere()
    await go(page, 'Runs')
    await page.getByRole('table').getByRole('link').first().click()
    await page.getByRole('link', { name: 'Log' }).waitFor()
    const routes = [
      ...pages.map(({ path: to }) => to),
      ...['/new/settings', '/experiments/new'],
      ...ofDataset,
      ...(await tabsHere()),
    ]
    expect(routes.length).toBeGreaterThan(15)
    await page.setViewportSize({ width: 720, height: 450 })
    for (const route of routes) {
      await page.evaluate(`location.hash = '#${route}'`)
      await page.waitForLoadState('networkidle')
      await page.getByRole('heading', { level: 1 }).waitFor({ state: 'attached' })
      await expectReachable(page, route)
    }
    await page.setViewportSize({ width: 1280, height: 820 })
  })

  it('moves nothing where a person wants no motion', async () => {
    /** Seconds of the longest transition or animation of what is shown, under the palette. */
    const longest = () =>
      page.evaluate(`Math.max(...[...document.querySelectorAll('*')].flatMap((element) => {
        const { transitionDuration, animationDuration } = getComputedStyle(element)
        return [transitionDuration, animationDuration].flatMap((text) => text.split(',').map(parseFloat))
      }))`)
    await go(page, 'Home')
    await type('a')
    expect(await longest()).toBeGreaterThan(0.1)
    await page.emulateMedia({ reducedMotion: 'reduce' })
    expect(await longest()).toBeLessThan(0.001)
    await page.emulateMedia({ reducedMotion: 'no-preference' })
    await page.keyboard.press('Escape')
    await palette().waitFor({ state: 'hidden' })
  })

  // The pages alone: app.test.ts.
  it.each(['Light', 'Dark'] as const)('is accessible on every page under the palette: %s', async (theme) => {
    await chooseTheme(page, theme)
    for (const { path: to, title } of pages) {
      await page.evaluate(`location.hash = '#${to}'`)
      await page.getByRole('heading', { name: title, level: 1 }).waitFor({ state: 'attached' })
      await type('a')
      await expectAccessible(page, `${title} under the palette, ${theme}`)
      await page.keyboard.press('Escape')
      await palette().waitFor({ state: 'hidden' })
    }
  })
})
