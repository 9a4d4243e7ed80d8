import AxeBuilder from '@axe-core/playwright'
import type { Page } from 'playwright-core'
import { expect } from 'vitest'

/** No violation of level A or AA on a page as it is shown now. */
export async function expectAccessible(page: Page, where: string): Promise<void> {
  await page.waitForTimeout(400) // colours that fade in have no contrast yet
  const { violations } = await new AxeBuilder({ page })
    .setLegacyMode(true) // Electron has no further pages to load axe in
    .withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa'])
    .analyze()
  expect(violations.map(({ id, nodes }) => `${where}: ${id} ${nodes[0]?.html}`)).toEqual([])
}
