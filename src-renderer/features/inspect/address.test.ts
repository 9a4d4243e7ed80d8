import { createPinia } from 'pinia'
import { expect, it, vi } from 'vitest'
import { createApp } from 'vue'
import { createMemoryHistory, createRouter } from 'vue-router'
import type { Run } from '#shared/contract'
import { useRuns } from '#features/runs/store'
import { useInspect } from './store'

vi.mock('#backend', () => ({
  backend: { 'runs.checkpoints': async () => [], 'inspect.fixedImages': async () => [] },
  onEvent: () => undefined,
}))

const component = { render: () => null }

/** A look into a run at its reconstructions; its other tabs come after so many milliseconds. */
async function open(milliseconds: number) {
  const history = createMemoryHistory()
  const later = () => new Promise<typeof component>((resolve) => setTimeout(resolve, milliseconds, component))
  const router = createRouter({
    history,
    routes: [
      { path: '/runs/:id/reconstructions', component },
      { path: '/runs/:id/:tab', component: later },
      { path: '/', component },
    ],
  })
  const app = createApp(component).use(createPinia()).use(router)
  await router.push('/runs/one/reconstructions')
  const inspect = app.runWithContext(() => {
    useRuns().byId.set('one', { id: 'one', hyperparameters: { imageSize: 64, patchSize: 8 } } as Run)
    return useInspect()
  })
  return { history, router, inspect }
}

it('tells what was looked at of the page that is left at once, so that Back and a reload find it', async () => {
  const { history, router, inspect } = await open(0)
  inspect.patch = 9
  await router.push('/runs/one/attention')
  await vi.waitFor(() => expect(history.location).toBe('/runs/one/attention?patch=9'))
  const arrived = new Promise<string>((resolve) => router.afterEach(({ fullPath }) => resolve(fullPath)))
  router.back()
  expect(await arrived).toBe('/runs/one/reconstructions?patch=9')
})

it('lets the person go to a page that is slow to come, though there is something to tell', async () => {
  const { router, inspect } = await open(500)
  inspect.patch = 9
  await router.push('/runs/one/attention')
  expect(router.currentRoute.value.path).toBe('/runs/one/attention')
})
