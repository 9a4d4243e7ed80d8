import { expect, it } from 'vitest'
import { pages } from '#shared/pages'
import { routes } from './pages'

// src-main/desktop/menu.test.ts holds the native menu to the same list.
it('gives every page of the navigation a component, a path and an icon of its own', () => {
  expect(routes.map(({ path }) => path)).toEqual(expect.arrayContaining(pages.map(({ path }) => path)))
  expect(new Set(routes.map(({ path }) => path)).size).toBe(routes.length)
  expect(new Set(pages.map(({ icon }) => icon)).size).toBe(pages.length)
})
