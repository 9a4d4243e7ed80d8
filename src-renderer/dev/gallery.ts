import '#shell/before'
import '@fontsource-variable/inter'
import 'vuetify/styles'
import '#shell/style.css'
import { createPinia } from 'pinia'
import { createApp } from 'vue'
import { vuetify } from '#shell/vuetify'
import Gallery from './Gallery.vue'

createApp(Gallery).use(createPinia()).use(vuetify).mount('#app')
