import { createRouter, createWebHashHistory } from 'vue-router'
import { routes } from './pages'

const start = '/datasets'

export const router = createRouter({
  history: createWebHashHistory(),
  scrollBehavior: ({ hash }) => (hash ? { el: hash } : { top: 0 }),
  routes: [{ path: '/', redirect: start }, ...routes, { path: '/:rest(.*)', redirect: start }],
})
