import './shell/before'
import '@fontsource-variable/inter'
import 'vuetify/styles'
import './shell/style.css'
import './shell/parts.css'
import { createPinia } from 'pinia'
import { createApp } from 'vue'
import App from './shell/App.vue'
import { router } from './shell/router'
import { vuetify } from './shell/vuetify'

createApp(App).use(createPinia()).use(router).use(vuetify).mount('#app')
