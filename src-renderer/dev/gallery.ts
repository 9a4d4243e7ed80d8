import '#shell/before'
import '@fontsource-variable/inter'
import 'vuetify/styles'
import '#shell/style/style.css'
import '#shell/style/parts.css'
import { createPinia } from 'pinia'
import { createApp } from 'vue'
import { createMemoryHistory, createRouter } from 'vue-router'
import { vuetify } from '#shell/style/vuetify'
import Gallery from './Gallery.vue'

/** Parts link to pages, which the gallery has none of. */
const router = createRouter({
  history: createMemoryHistory(),
  routes: [{ path: '/:rest(.*)', component: Gallery }],
})

createApp(Gallery).use(createPinia()).use(router).use(vuetify).mount('#app')
