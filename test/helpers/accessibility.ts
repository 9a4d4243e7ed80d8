import axe from 'axe-core'
import type { Page } from 'playwright-core'
import { expect } from 'vitest'
import { settled } from './walk'

/** No violation of WCAG 2.1, level A or AA, on a page as it stands. */
export async function expectAccessible(page: Page, where: string): Promise<void> {
  await settled(page) // colours that fade in have no contrast yet
  if (!(await page.evaluate(`'axe' in window`))) await page.evaluate(axe.source) // stays until the page is loaded anew
  const found = await page.evaluate<string[]>(violations)
  expect(found, `${where}: ${found.join('\n')}`).toEqual([])
}

const violations = `axe
  .run({ runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa'], resultTypes: ['violations'] })
  .then(({ violations }) => violations.map(({ id, nodes }) => id + ' ' + nodes[0]?.html))`

/** Nothing of a page lies beyond the sides of the window or below something else: each control is scrolled to and met there. */
export async function expectReachable(page: Page, where: string): Promise<void> {
  await settled(page)
  const missed = (await page.evaluate(unreachable)) as string[]
  expect(missed, where).toEqual([])
}

const unreachable = `(() => {
  const missed = document.scrollingElement.scrollWidth > innerWidth ? ['the window scrolls sideways'] : []
  const controls = document.querySelectorAll('a, button, input, select, textarea, [role=option], [role=slider]')
  for (const control of controls) {
    const seen = control.checkVisibility({ checkOpacity: true, checkVisibilityCSS: true })
    if (!seen || control.disabled || control.closest('[aria-hidden=true], .skip')) continue
    control.scrollIntoView({ block: 'center', inline: 'center' })
    const { left, right, top, bottom, width, height } = control.getBoundingClientRect()
    if (width < 2 || height < 2) continue // for those who hear it
    const x = (Math.max(0, left) + Math.min(innerWidth, right)) / 2
    const y = (Math.max(0, top) + Math.min(innerHeight, bottom)) / 2
    const met = document.elementFromPoint(x, y)
    const holds = (outer) => outer?.contains(met)
    if (met && (holds(control) || met.contains(control) || holds(control.closest('label, .v-input')))) continue
    const name = control.getAttribute('aria-label') ?? (control.textContent.trim() || control.tagName)
    missed.push(name + ' at ' + [left, top].map(Math.round) + ' is under ' + (met?.outerHTML.slice(0, 80) ?? 'nothing'))
  }
  return missed
})()`
