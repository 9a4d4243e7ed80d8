import { cpSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readCsv } from '#shared/csv'
import { sampleImagesFolder } from '#platform/paths'
import { expectAccessible } from '#test/helpers/accessibility'
import { chromiumPath, type OpenedApp, openInBrowser } from '#test/helpers/hosts'
import { flags, saim, temporaryFolder } from '#test/helpers/runs'
import { addFolder, go, openTab } from '#test/helpers/walk'

/** The sample images without their folders: a person labels three of each kind, and a classifier the rest. */
describe.runIf(chromiumPath)('labelling with help in the browser', () => {
  const home = temporaryFolder()
  const own = path.join(home, 'flat')
  const truth = new Map<string, string>()
  let app: OpenedApp
  let page: Page
  /** Clicks and keys that a person makes while labelling. */
  let clicks = 0

  beforeAll(async () => {
    mkdirSync(own)
    mkdirSync(path.join(home, 'tables'))
    for (const name of readdirSync(sampleImagesFolder(), { withFileTypes: true }))
      if (name.isDirectory())
        for (const file of readdirSync(path.join(sampleImagesFolder(), name.name))) {
          truth.set(file, name.name)
          cpSync(path.join(sampleImagesFolder(), name.name, file), path.join(own, file))
        }
    const model = { width: 64, depth: 4, heads: 4, 'query-depth': 4, epochs: 4, 'warmup-epochs': 1 }
    await saim(['train', own, '--name', 'Tiny', ...flags({ ...model, 'batch-size': 64 })], home)
    app = await openInBrowser(home, [home])
    page = app.page
    await go(page, 'Data sets')
    await addFolder(page, 'flat')
    page.setDefaultTimeout(180_000)
  })
  afterAll(() => app?.close())

  const option = (name: string) => page.getByRole('option', { name: new RegExp(`^${name}(,|$)`) })
  const labelled = () => page.getByText(/\d+ of \d+ labelled/).textContent()
  const click = async (what: ReturnType<Page['getByRole']>) => {
    clicks++
    await what.click()
  }
  const press = async (key: string) => {
    clicks++
    await page.keyboard.press(key)
  }

  it('finds what is similar to a picture that is dropped', async () => {
    await option('ant.png').click()
    await page
      .getByRole('button', { name: /^Measure 495 images/ })
      .first()
      .click()
    await page.getByText(/median \d\.\d{3}/).waitFor({ timeout: 120_000 })
    const data = readFileSync(path.join(own, 'flag-lv.png')).toString('base64')
    const drop = await page.evaluateHandle(`(() => {
      const bytes = Uint8Array.from(atob('${data}'), (letter) => letter.charCodeAt(0))
      const transfer = new DataTransfer()
      transfer.items.add(new File([bytes], 'given.png', { type: 'image/png' }))
      return transfer
    })()`)
    const begin = performance.now()
    await page
      .getByRole('region', { name: 'Images', exact: true })
      .dispatchEvent('drop', { dataTransfer: drop })
    await page.getByRole('option', { name: /^flag-lv\.png, similarity (1\.00|0\.99)$/ }).waitFor()
    console.log(`Dropped to shown: ${(performance.now() - begin).toFixed(0)} ms (495 images)`)
    expect(await page.getByRole('option').first().getAttribute('aria-label')).toMatch(/^flag-lv/)
    await page.getByRole('button', { name: 'Clear filter: Similar to given.png' }).click()
  })

  it('finds clusters, and acts on all images of one', async () => {
    await openTab(page, 'Clusters')
    await page.getByRole('textbox', { name: 'Number of clusters' }).fill('6')
    await page.getByRole('button', { name: 'Find clusters' }).click()
    const cluster = page.getByRole('listitem', { name: 'Cluster 6' })
    const images = Number(/^(\d+) images?/.exec((await cluster.getByText(/^\d+ images?/).textContent())!)![1])
    await expectAccessible(page, 'Clusters')
    await cluster.getByRole('button', { name: 'Rename Cluster 6' }).click()
    await page.getByRole('textbox', { name: 'Name' }).fill('Mine')
    await page.keyboard.press('Enter')
    await page.getByRole('link', { name: 'Show Mine' }).click()
    await page.getByText(`${images} of 495`).waitFor()
    await page.getByRole('button', { name: 'Select all' }).click()
    await page.getByText(`${images} selected`).waitFor()
    await page.keyboard.press('x')
    await page.getByText(`Excluded ${images} image`).waitFor()
    await page.getByRole('button', { name: 'Undo', exact: true }).first().click()
    await page.getByText(`Taken back: excluded ${images} image`).waitFor()
    await page.getByRole('button', { name: 'Clear filter: Mine' }).click()
    await page.getByText('495 of 495').waitFor()
  })

  it('finds odd images, with a heat map and a line that can be moved, kept over a start', async () => {
    await openTab(page, 'Odd images')
    await page.getByRole('button', { name: 'Find odd images' }).click()
    const spread = () => page.getByRole('region', { name: 'Oddness of all images' })
    await spread()
      .getByText(/\d+ of 495 images from \d\.\d{3} on/)
      .waitFor()
    const oddness = async () => {
      const names = await page.getByRole('option').evaluateAll((tiles) => tiles.map((one) => one.ariaLabel!))
      return names.map((name) => Number(/oddness (\d\.\d{3})$/.exec(name)![1]))
    }
    const shown = await oddness()
    expect(shown).toEqual([...shown].sort((a, b) => b - a))
    await page.getByRole('option').first().click()
    await page.getByRole('complementary', { name: 'Chosen image' }).locator('canvas').waitFor()
    await page.getByRole('slider', { name: 'Odd from' }).press('End')
    await spread()
      .getByText(/^\s*1 of 495 images/)
      .waitFor()
    await page.getByRole('button', { name: 'Odd', exact: true }).click()
    await expect.poll(() => page.getByRole('option').count()).toBe(1)
    await expectAccessible(page, 'Odd images')
    await page.getByRole('button', { name: 'Save as CSV' }).click()
    await page.getByRole('dialog').getByText('tables', { exact: true }).click()
    await page.getByRole('button', { name: 'Choose this folder' }).click()
    const told = await page
      .getByText(/Table written: /)
      .first()
      .textContent()
    const [, ...rows] = readCsv(readFileSync(told!.replace('Table written: ', '').trim(), 'utf8'))
    expect(rows).toHaveLength(495)
    expect(rows.filter(([, , odd]) => odd === 'yes')).toEqual([rows[0]])
    await app.close()
    app = await openInBrowser(home, [home])
    page = app.page
    page.setDefaultTimeout(180_000)
    await go(page, 'Data sets')
    await page.getByRole('link', { name: 'flat' }).first().click()
    await openTab(page, 'Odd images')
    await spread()
      .getByText(/^\s*1 of 495 images/)
      .waitFor()
  })

  it('tags diverse images, and reviews those that show nearly the same', async () => {
    await openTab(page, 'Clusters')
    await page.getByRole('button', { name: 'Pick diverse images' }).click()
    const number = page.getByRole('textbox', { name: 'Number of images' })
    await number.fill('0')
    await page.getByText('“0” is not a whole number from 1 to 495.').waitFor()
    await number.fill('12')
    await page.getByRole('button', { name: 'Tag images' }).click()
    await page.getByText('12 of 495').waitFor()
    await page.getByRole('button', { name: 'Undo', exact: true }).first().click()
    await page.getByText('Taken back: tagged 12 images diverse 12').waitFor()

    await openTab(page, 'Quality')
    await page.getByRole('textbox', { name: 'Similarity from' }).fill('0.9')
    await page.getByRole('button', { name: 'Compare', exact: true }).click()
    const issue = page.getByText(/^\d+ pairs show nearly the same$/)
    const pairs = Number(/\d+/.exec((await issue.textContent())!)![0])
    const review = page.getByRole('region', { name: 'Review pairs' })
    await review.getByText(`1 of ${pairs} pairs`).waitFor()
    await page.keyboard.press('b')
    await review.getByText(`1 of ${pairs - 1} pairs`).waitFor()
    await expectAccessible(page, 'Quality')
    await openTab(page, 'Images')
    await page.getByText('495 of 495').waitFor()
  })

  /** Scrolls to where an image is among all by name. */
  async function inSight(name: string) {
    const part = [...truth.keys()].sort().indexOf(name) / truth.size
    await page
      .getByRole('listbox', { name: 'Images' })
      .evaluate((grid, at) => (grid.scrollTop = at * grid.scrollHeight - grid.clientHeight / 2), part)
    return option(name)
  }

  it('labels all images in less than 60 clicks, with accuracy in sight', async () => {
    const kinds = [...new Set(truth.values())].sort()
    await page.getByRole('button', { name: 'Label images' }).click()
    for (const kind of kinds) {
      const names = [...truth].filter(([, one]) => one === kind).map(([name]) => name)
      for (const at of [0, 20, 40]) await click(await inSight(names[at]!))
      await click(page.getByRole('textbox', { name: 'New class' }))
      await page.keyboard.type(kind)
      await press('Enter')
      await page.getByText(`Labelled 3 images ${kind}`).waitFor()
    }
    const begin = performance.now()
    await page.getByText(/Accuracy about \d+(\.\d)? ?%, cross-validated on 24 labels/).waitFor()
    await page.getByRole('button', { name: /^Accept [1-9]\d* suggestions/ }).waitFor()
    const suggested = performance.now() - begin
    console.log(`Last label to all suggestions: ${suggested.toFixed(0)} ms`)
    const shown = await page.getByText(/Accuracy about/).textContent()
    await click(page.getByRole('button', { name: 'Surest' }))
    for (let before = await labelled(); !before!.startsWith('495'); before = await labelled()) {
      await page.getByRole('button', { name: /^Accept [1-9]\d* suggestion/ }).waitFor()
      await click(page.getByRole('button', { name: /^Accept [1-9]\d* suggestion/ }))
      await expect.poll(labelled).not.toBe(before)
    }
    const [id] = readdirSync(path.join(home, 'datasets')).filter((name) => name.endsWith('.labels.csv'))
    const [, ...rows] = readCsv(readFileSync(path.join(home, 'datasets', id!), 'utf8'))
    const right = rows.filter(([name, label]) => truth.get(name!) === label).length
    console.log(
      `${rows.length} images labelled in ${clicks} clicks and keys; shown: ${shown!.trim()}; by the true folders ${((100 * right) / rows.length).toFixed(1)} % are right.`,
    )
    expect(clicks).toBeLessThan(60)
    expect(rows).toHaveLength(495)
    expect(right / rows.length).toBeGreaterThan(0.3) // by chance an eighth
  })

  it('takes back one act after the other, and keeps the others over a start', async () => {
    const back = page.getByRole('button', { name: 'Undo', exact: true }).first()
    for (let i = 0; i < 3; i++) {
      const before = await labelled()
      await back.click()
      await expect.poll(labelled).not.toBe(before)
    }
    const left = await labelled()
    await page.reload()
    await expect.poll(labelled).toBe(left)
  })

  it('is accessible', () => expectAccessible(page, 'Labelling'))
})
