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

it('tells what was looked at of the page that is left at once, so that Back and a reload find it', async () => {
  const component = { render: () => null }
  const history = createMemoryHistory()
  const router = createRouter({
    history,
    routes: [
      { path: '/runs/:id/:tab', component },
      { path: '/', component },
    ],
  })
  const app = createApp(component).use(createPinia()).use(router)
  await router.push('/runs/one/reconstructions')
  const inspect = app.runWithContext(() => {
    useRuns().byId.set('one', { id: 'one', hyperparameters: { imageSize: 64, patchSize: 8 } } as Run)
    return useInspect()
  })
  inspect.patch = 9
  await router.push('/runs/one/attention')
  await vi.waitFor(() => expect(history.location).toBe('/runs/one/attention?patch=9'))
  const arrived = new Promise<string>((resolve) => router.afterEach(({ fullPath }) => resolve(fullPath)))
  router.back()
  expect(await arrived).toBe('/runs/one/reconstructions?patch=9')
})
