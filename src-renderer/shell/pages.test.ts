import { createMemoryHistory, createRouter } from 'vue-router'
import { expect, it } from 'vitest'
import { pages } from '#shared/pages'
import { routes } from './pages'

// src-main/desktop/menu.test.ts holds the native menu to the same list.
it('gives every page of the navigation a component, a path and an icon of its own', () => {
  expect(routes.map(({ path }) => path)).toEqual(expect.arrayContaining(pages.map(({ path }) => path)))
  expect(new Set(routes.map(({ path }) => path)).size).toBe(routes.length)
  expect(new Set(pages.map(({ icon }) => icon)).size).toBe(pages.length)
})

it.each([
  ['/train?dataset=photos', '/new?dataset=photos'],
  ['/inspect', '/runs'],
  ['/inspect?run=a,b&view=attention', '/runs/a/attention'],
  ['/inspect?run=a&view=masks', '/runs/a/reconstructions'],
  ['/evaluate?run=a', '/runs/a/evaluation'],
  ['/evaluate/a/probe-1', '/runs/a/evaluation/probe-1'],
  ['/export?run=a', '/runs/a/checkpoints'],
  ['/engines', '/machine'],
  ['/disk', '/machine#storage'],
])('leads from the old address %s to %s', (old, now) => {
  // Where an address leads is known before any page is loaded.
  const router = createRouter({ history: createMemoryHistory(), routes })
  let target = router.resolve(old)
  for (let record = target.matched.at(-1); record?.redirect; record = target.matched.at(-1)) {
    const { redirect } = record
    const from = router.currentRoute.value
    target = router.resolve(
      typeof redirect === 'function' ? redirect({ ...from, ...target } as never, from) : redirect,
    )
  }
  expect(target.fullPath).toBe(now)
})
