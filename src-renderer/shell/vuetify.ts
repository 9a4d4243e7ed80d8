import { createVuetify } from 'vuetify'
import { aliases, mdi } from 'vuetify/iconsets/mdi-svg'

/** One accent, quiet surfaces; the contrast of both themes is tested. */
export const vuetify = createVuetify({
  icons: { defaultSet: 'mdi', aliases, sets: { mdi } },
  theme: {
    defaultTheme: 'light',
    themes: {
      light: {
        dark: false,
        variables: { 'medium-emphasis-opacity': 0.78 },
        colors: {
          background: '#f6f6f4',
          surface: '#ffffff',
          primary: '#0b6158',
          secondary: '#4a5450',
          error: '#b3261e',
          warning: '#7a4b00',
          success: '#1b6b34',
          info: '#1d5a96',
        },
      },
      dark: {
        dark: true,
        variables: { 'medium-emphasis-opacity': 0.78 },
        colors: {
          background: '#121514',
          surface: '#1b1f1e',
          primary: '#6fd6c8',
          secondary: '#b5c0bc',
          error: '#ffb4ab',
          warning: '#ffcf87',
          success: '#8ddba2',
          info: '#9ecbff',
        },
      },
    },
  },
  defaults: {
    global: { ripple: false },
    VBtn: { variant: 'tonal', rounded: 'md', class: 'text-none' },
    VCard: { variant: 'flat', border: true, rounded: 'lg' },
    VTextField: { variant: 'outlined', density: 'compact', hideDetails: 'auto' },
    VSelect: { variant: 'outlined', density: 'compact', hideDetails: 'auto' },
    VTextarea: { variant: 'outlined', density: 'compact', hideDetails: 'auto' },
    VCombobox: { variant: 'outlined', density: 'compact', hideDetails: 'auto' },
    VSwitch: { color: 'primary', density: 'compact', hideDetails: 'auto' },
    VSlider: { color: 'primary', density: 'compact', hideDetails: true },
  },
})
