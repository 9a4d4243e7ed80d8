/** The pages of the navigation, in its order. The native menu lists the same ones. */
export const pages = [
  { path: '/datasets', title: 'Data sets', shortcut: 'CmdOrCtrl+O' },
  { path: '/train', title: 'Train', shortcut: 'CmdOrCtrl+N' },
  { path: '/runs', title: 'Runs', shortcut: 'CmdOrCtrl+1' },
  { path: '/compare', title: 'Compare', shortcut: 'CmdOrCtrl+2' },
  { path: '/inspect', title: 'Inspect', shortcut: 'CmdOrCtrl+3' },
  { path: '/evaluate', title: 'Evaluate', shortcut: 'CmdOrCtrl+4' },
  { path: '/experiments', title: 'Experiments', shortcut: 'CmdOrCtrl+5' },
  { path: '/export', title: 'Export', shortcut: 'CmdOrCtrl+6' },
  { path: '/engines', title: 'Engines', shortcut: 'CmdOrCtrl+7' },
  { path: '/settings', title: 'Settings', shortcut: 'CmdOrCtrl+,' },
] as const

export type PagePath = (typeof pages)[number]['path']
