import './shell/before'
import '@fontsource-variable/inter'
import 'vuetify/styles'
import './shell/style/style.css'
import './shell/style/parts.css'
import { createPinia } from 'pinia'
import { createApp } from 'vue'
import App from './shell/App.vue'
import { router } from './shell/router'
import { vuetify } from './shell/style/vuetify'

createApp(App).use(createPinia()).use(router).use(vuetify).mount('#app')
