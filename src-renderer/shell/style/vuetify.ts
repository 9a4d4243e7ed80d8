import { createVuetify } from 'vuetify'
import { aliases, mdi } from 'vuetify/iconsets/mdi-svg'
import { tokens } from '#ui/tokens'

/** A theme of our tokens under Vuetify's names, and of all others under their own. */
const theme = (kind: 'light' | 'dark') => {
  const ours = tokens[kind]
  return {
    dark: kind === 'dark',
    // Of text in Vuetify's parts: all of it, and as much as gives text-2 of our tokens.
    variables: { 'high-emphasis-opacity': 1, 'medium-emphasis-opacity': 0.78 },
    colors: {
      ...ours,
      background: ours.canvas,
      'on-background': ours.text,
      'on-surface': ours.text,
      'surface-bright': ours.raised,
      'surface-light': ours.sunken,
      'surface-variant': ours['text-2'],
      'on-surface-variant': ours.surface,
      primary: ours.accent,
      'on-primary': ours['on-accent'],
      secondary: ours['text-2'],
      error: ours.bad,
      warning: ours.warn,
      success: ours.ok,
    },
  }
}

/** The name of a field stands above it, whatever is in it; so does what stands for an empty one. */
const field = {
  variant: 'outlined',
  density: 'compact',
  hideDetails: 'auto',
  persistentPlaceholder: true,
} as const

export const vuetify = createVuetify({
  icons: { defaultSet: 'mdi', aliases, sets: { mdi } },
  theme: { defaultTheme: 'light', themes: { light: theme('light'), dark: theme('dark') } },
  defaults: {
    global: { ripple: false },
    VBtn: { variant: 'outlined', rounded: 'md', class: 'text-none' },
    VCard: { variant: 'flat', border: true, rounded: 'lg' },
    VTextField: field,
    VSelect: field,
    VTextarea: field,
    VCombobox: field,
    VAutocomplete: field,
    // Those that are not open would be tooltips without words.
    VTooltip: { eager: false, openDelay: 400 },
    VSwitch: { color: 'primary', density: 'compact', hideDetails: 'auto' },
    VSlider: { color: 'primary', density: 'compact', hideDetails: true },
  },
})
