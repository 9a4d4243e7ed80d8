import { createRouter, createWebHashHistory } from 'vue-router'
import { routes } from './pages'

export const router = createRouter({
  history: createWebHashHistory(),
  scrollBehavior: ({ hash }) => (hash ? { el: hash } : { top: 0 }),
  routes: [...routes, { path: '/:rest(.*)', redirect: '/' }],
})

// Until its first page is there, the router hears no change of the address and would put the first one back.
const follow = () => void router.replace(location.hash.slice(1) || '/')
const hearsItself = () => window.removeEventListener('hashchange', follow)
window.addEventListener('hashchange', follow)
router.isReady().then(hearsItself, hearsItself)
