import type { Page } from 'playwright-core'

/** Ways through the window that several tests take: a page that changes is walked anew here. */

/** Goes to a page of the navigation. */
export async function go(page: Page, title: string): Promise<void> {
  await page
    .getByRole('navigation', { name: 'Pages' })
    .getByRole('link', { name: title, exact: true })
    .click()
  await page.getByRole('heading', { name: title, level: 1 }).waitFor({ state: 'attached' })
}

/** Adds the sample images; ends on the page of the data set. */
export async function addSample(page: Page): Promise<void> {
  await page
    .getByRole('button', { name: /^(Use )?sample images/i })
    .first()
    .click()
  await page.getByRole('option', { name: 'animals/ant.png' }).waitFor({ timeout: 60_000 })
}

/** Adds a folder by our own dialog, step by step from the first folder that it lists; ends on the page of the data set. */
export async function addFolder(page: Page, ...steps: string[]): Promise<void> {
  await page
    .getByRole('button', { name: /^(Add|Choose) folder/ })
    .first()
    .click()
  for (const step of steps) await page.getByRole('dialog').getByText(step, { exact: true }).click()
  await page.getByRole('button', { name: 'Choose this folder' }).click()
  await page.getByRole('option').first().waitFor({ timeout: 30_000 })
}

/** Of the preset nano what trains in a sixth of its time. */
export const quick = { 'Image size': 32, Width: 64, Heads: 4 }

/** Fills in the form of a new run and starts it, or adds it to the queue; ends on the page of the run. */
export async function startRun(
  page: Page,
  { name, epochs, settings = quick }: { name: string; epochs: number; settings?: Record<string, number> },
): Promise<void> {
  await go(page, 'New run')
  await page.getByLabel('Name of the run').fill(name)
  await page.getByLabel('Epochs', { exact: true }).fill(String(epochs))
  await page.getByRole('button', { name: 'All settings' }).click()
  for (const [label, value] of Object.entries(settings))
    await page.getByLabel(label, { exact: true }).fill(String(value))
  await page.getByRole('button', { name: /Start training|Add to queue/ }).click()
  await page.getByRole('heading', { name, level: 1 }).waitFor()
}

/** Opens a run from the table of runs, at one of its tabs. */
export async function openRun(page: Page, name: string, tab?: string): Promise<void> {
  await go(page, 'Runs')
  await page.getByRole('table').getByRole('link', { name, exact: true }).click()
  await page.getByRole('heading', { name, level: 1 }).waitFor()
  if (tab) await openTab(page, tab)
}

/** Opens a part of the object that is shown. */
export const openTab = (page: Page, tab: string): Promise<void> =>
  page
    .locator('.tabs')
    .getByRole('link', { name: new RegExp(`^${tab}( ?\\d+)?$`) })
    .click()

/** Chooses a theme on the page of settings. */
export async function chooseTheme(page: Page, theme: 'Dark' | 'Light'): Promise<void> {
  await go(page, 'Settings')
  await page.getByRole('group', { name: 'Appearance' }).getByRole('button', { name: theme }).click()
  await page.locator(`.v-application.v-theme--${theme.toLowerCase()}`).waitFor()
}

/** Waits for what moves or fades to its end; what turns for ever is let be. */
export const settled = (page: Page) =>
  page.evaluate(`(async () => {
    const ending = () =>
      document.getAnimations().filter(({ effect }) => effect?.getComputedTiming().endTime !== Infinity)
    const frame = () => new Promise((resolve) => requestAnimationFrame(resolve))
    await frame()
    while (ending().some(({ playState }) => playState === 'running')) await frame()
  })()`)
