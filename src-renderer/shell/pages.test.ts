import { expect, it } from 'vitest'
import { pages } from '#shared/pages'
import { navigation, routes } from './pages'

// src-main/desktop/menu.test.ts holds the native menu to the same list.
it('navigates to the pages that the menu lists, in the same order', () => {
  const shown = navigation.map(({ path, title }) => ({ path, title }))
  expect(shown).toEqual(pages.map(({ path, title }) => ({ path, title })))
})

it('gives every page a path and an icon of its own', () => {
  expect(new Set(routes.map(({ path }) => path)).size).toBe(routes.length)
  expect(new Set(navigation.map(({ icon }) => icon)).size).toBe(pages.length)
})
