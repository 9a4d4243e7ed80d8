import { createRouter, createWebHashHistory } from 'vue-router'
import { routes } from './pages'

export const router = createRouter({
  history: createWebHashHistory(),
  scrollBehavior: ({ hash }) => (hash ? { el: hash } : { top: 0 }),
  routes: [...routes, { path: '/:rest(.*)', redirect: '/' }],
})
