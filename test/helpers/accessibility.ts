import AxeBuilder from '@axe-core/playwright'
import type { Page } from 'playwright-core'
import { expect } from 'vitest'
import { settled } from './walk'

/** No violation of WCAG 2.1, level A or AA, on a page as it stands. */
export async function expectAccessible(page: Page, where: string): Promise<void> {
  await settled(page) // colours that fade in have no contrast yet
  const { violations } = await new AxeBuilder({ page })
    .setLegacyMode(true) // Electron has no further pages to load axe in
    .withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa'])
    .analyze()
  const found = violations.map(({ id, nodes }) => `${where}: ${id} ${nodes[0]?.html}`)
  expect(found, found.join('\n')).toEqual([])
}
