/**
 * Every colour of the window, light and dark; nothing else names one. The Vuetify theme (shell/vuetify.ts) makes of `line`
 * the custom property `--v-theme-line` and hands it to canvases as `theme.current.value.colors.line`.
 */
const light = {
  // Neutrals carry no colour of their own: they stand beside pictures.
  canvas: '#f6f6f6',
  nav: '#eeeeef',
  surface: '#ffffff',
  raised: '#ffffff',
  sunken: '#f2f2f3',
  mat: '#ececee',
  line: '#e5e5e7',
  'line-2': '#d3d3d6',
  edge: '#8c8c91',
  text: '#1a1b1d',
  'text-2': '#505358',
  'text-3': '#66696f',

  accent: '#0b6b60',
  'accent-hover': '#08564d',
  'on-accent': '#ffffff',
  'accent-text': '#0b6b60',
  'accent-soft': '#e2f1ee',
  'accent-line': '#a6d3cb',

  ok: '#196a36',
  'ok-soft': '#e4f3e8',
  warn: '#845000',
  'warn-soft': '#fbf0db',
  bad: '#b3261e',
  'bad-soft': '#fbe9e7',
  info: '#1c5ea6',
  'info-soft': '#e6f0fa',

  // Series: told apart by lightness as well as hue, also with a colour deficiency.
  c1: '#0b7a6d',
  c2: '#c2540a',
  c3: '#4c0691',
  c4: '#ca61d1',
  c5: '#3c2b02',
  c6: '#142f4b',
  grid: '#ececee',
  axis: '#66696f',
}

export type Token = keyof typeof light

const dark: Record<Token, string> = {
  canvas: '#141516',
  nav: '#0f1011',
  surface: '#1b1c1e',
  raised: '#242628',
  sunken: '#131415',
  mat: '#26282b',
  line: '#2a2c2f',
  'line-2': '#3a3d41',
  edge: '#777b81',
  text: '#e9eaeb',
  'text-2': '#b4b8bd',
  'text-3': '#969ba1',

  accent: '#45c2b1',
  'accent-hover': '#62d2c3',
  'on-accent': '#03211d',
  'accent-text': '#5fd2c2',
  'accent-soft': '#12322e',
  'accent-line': '#256b61',

  ok: '#83d79c',
  'ok-soft': '#15301d',
  warn: '#f0bb62',
  'warn-soft': '#33270f',
  bad: '#ff9f96',
  'bad-soft': '#3b1a18',
  info: '#93c4ff',
  'info-soft': '#172a40',

  c1: '#43cbb8',
  c2: '#f29a4b',
  c3: '#7f6df0',
  c4: '#e298ff',
  c5: '#a39066',
  c6: '#0e899f',
  grid: '#27292c',
  axis: '#969ba1',
}

export const tokens = { light, dark }

/** The colours of lines that are told apart, in the order in which they are given away. */
export const series = ['c1', 'c2', 'c3', 'c4', 'c5', 'c6'] as const
export type Series = (typeof series)[number]
