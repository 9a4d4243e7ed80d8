import path from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, describe, expect, it } from 'vitest'
import { sampleImagesFolder } from '#platform/paths'
import { chromiumPath, type OpenedApp, openInBrowser, picture } from '#test/helpers/hosts'
import { flags, saim, temporaryFolder } from '#test/helpers/runs'
import { addSample, go, openRun, openTab, startRun } from '#test/helpers/walk'

/**
 * The pictures of the docs, one of each page, from runs on the sample images (docs/screens.md sets them beside the design).
 * Made with SCREENSHOTS=1 only: the runs are real and take minutes.
 */
const wanted = process.env['SCREENSHOTS'] !== undefined && chromiumPath !== undefined

const sizes = {
  '': { width: 1440, height: 900 },
  '-1024': { width: 1024, height: 700 },
  '-1920': { width: 1920, height: 1080 },
}

describe.runIf(wanted)('the pictures of the docs', () => {
  const home = temporaryFolder()
  let app: OpenedApp
  let page: Page
  afterAll(() => app?.close())

  /** The page as it stands, at 1440 × 900. */
  const show = async (name: string) => {
    await page.waitForLoadState('networkidle')
    await picture(page, name)
  }
  /** Also in the other sizes and in dark. */
  const showAll = async (name: string) => {
    for (const [size, viewport] of Object.entries(sizes)) {
      await page.setViewportSize(viewport)
      await show(`${name}${size}`)
    }
    await page.setViewportSize(sizes[''])
    await page.emulateMedia({ colorScheme: 'dark' })
    await show(`${name}-dark`)
    await page.emulateMedia({ colorScheme: 'light' })
  }

  it('begins with the page of a person who has nothing yet', async () => {
    app = await openInBrowser(home, [home, path.dirname(sampleImagesFolder())])
    page = app.page
    await page.setViewportSize(sizes[''])
    await page.getByRole('button', { name: 'Use sample images' }).waitFor()
    await show('welcome')
    await addSample(page)
    await page.getByRole('option', { name: 'animals/ant.png' }).click()
    await show('dataset')
    await openTab(page, 'Quality')
    await page
      .getByRole('button', { name: /^Check/ })
      .first()
      .click()
    await page.waitForTimeout(15_000)
    await show('dataset-quality')
    await page.goto(new URL('#/datasets', page.url()).href)
    await page.getByRole('heading', { name: 'Data sets', level: 1 }).waitFor()
    await show('datasets')
    await app.close()
  })

  it('trains what the pictures show', async () => {
    const train = async (name: string, settings: Record<string, number | string>) => {
      const { code, output } = await saim(
        [
          'train',
          sampleImagesFolder(),
          ...flags({ preset: 'nano', 'validation-fraction': 0.1, ...settings }),
          '--name',
          name,
        ],
        home,
      )
      expect(code, output).toBe(0)
    }
    await train('Random order', { epochs: 12, 'checkpoint-every': 1 })
    await train('Raster order', { epochs: 6, 'checkpoint-every': 1, order: 'raster' })
    await train('MAE', { epochs: 6, 'checkpoint-every': 1, objective: 'mae' })
    const sweep = ['sweep', sampleImagesFolder(), '--vary', 'order=stochastic,raster', '--seeds', '2']
    const { code, output } = await saim(
      [
        ...sweep,
        ...flags({ preset: 'nano', epochs: 2, 'validation-fraction': 0.1 }),
        '--name',
        'Which order',
      ],
      home,
    )
    expect(code, output).toBe(0)
    app = await openInBrowser(home, [home, path.dirname(sampleImagesFolder())])
    page = app.page
    await page.setViewportSize(sizes[''])
  }, 1_200_000)

  it('looks into a run', async () => {
    await openRun(page, 'Random order', 'Evaluation')
    await page.getByRole('button', { name: 'Start evaluation' }).click()
    await page.getByText('Random weights, top-1').waitFor({ timeout: 120_000 })
    await show('run-evaluation')
    for (const [tab, name] of [
      ['Reconstructions', 'run-reconstructions'],
      ['Attention', 'run-attention'],
      ['Embeddings', 'run-embeddings'],
      ['Checkpoints & export', 'run-checkpoints'],
      ['Settings', 'run-settings'],
      ['Log', 'run-log'],
    ] as const) {
      await openTab(page, tab)
      if (tab === 'Embeddings') {
        await page.getByRole('button', { name: 'Embed' }).click()
        await page
          .getByRole('listbox', { name: /^Map of/ })
          .or(page.getByRole('img', { name: /^Map of/ }))
          .waitFor({ timeout: 120_000 })
      }
      await page.waitForTimeout(4000) // pictures are computed
      await show(name)
    }
  })

  it('compares, and asks which is better', async () => {
    await go(page, 'Runs')
    for (const name of ['Random order', 'Raster order'])
      await page
        .getByRole('row', { name: new RegExp(name) })
        .getByRole('checkbox')
        .check()
    await page.getByRole('button', { name: /^Compare/ }).click()
    await page.waitForTimeout(3000)
    await show('compare')
    await go(page, 'Experiments')
    await show('experiments')
    await page.getByRole('link', { name: 'Which order' }).first().click()
    await page.waitForTimeout(1500)
    await show('experiment')
    await go(page, 'Experiments')
    await page.getByRole('link', { name: 'New experiment' }).first().click()
    await page.waitForTimeout(1500)
    await show('experiment-new')
  })

  it('shows the pages of the machine', async () => {
    await go(page, 'Machine')
    await page.waitForTimeout(2000)
    await show('machine')
    await go(page, 'Settings')
    await show('settings')
  })

  it('shows a new run, and one that trains', async () => {
    await go(page, 'New run')
    await page.waitForTimeout(1500)
    await showAll('new-run')
    await page.goto(new URL('#/new/settings', page.url()).href)
    await page.waitForTimeout(1500)
    await show('new-run-settings')
    await startRun(page, { name: 'Emoji nano', epochs: 40, settings: {} })
    await page
      .getByRole('img', { name: /at step/ })
      .first()
      .waitFor({ timeout: 300_000 })
    await page.waitForTimeout(40_000)
    await showAll('run-overview')
    await go(page, 'Home')
    await page.waitForTimeout(1500)
    await showAll('home')
    await go(page, 'Runs')
    await page.waitForTimeout(1500)
    await showAll('runs')
    await page.keyboard.press('Control+K')
    await page.waitForTimeout(500)
    await show('palette')
    await page.keyboard.press('Escape')
  })
})
