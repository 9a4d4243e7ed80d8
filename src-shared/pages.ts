import {
  mdiChartLineVariant,
  mdiCog,
  mdiCompare,
  mdiExportVariant,
  mdiEyeOutline,
  mdiFlaskOutline,
  mdiHomeOutline,
  mdiImageMultipleOutline,
  mdiMemory,
  mdiPlayCircleOutline,
  mdiSchoolOutline,
} from '@mdi/js'

/**
 * The pages of the navigation, in its order; the native menu lists the same ones. The page `train` is
 * src-renderer/features/train/TrainPage.vue and is opened at `/train`; `home` is where the window begins.
 */
export const pages = [
  { name: 'home', title: 'Home', icon: mdiHomeOutline, shortcut: 'CmdOrCtrl+0' },
  { name: 'datasets', title: 'Data sets', icon: mdiImageMultipleOutline, shortcut: 'CmdOrCtrl+O' },
  { name: 'train', title: 'Train', icon: mdiPlayCircleOutline, shortcut: 'CmdOrCtrl+N' },
  { name: 'runs', title: 'Runs', icon: mdiChartLineVariant, shortcut: 'CmdOrCtrl+1' },
  { name: 'compare', title: 'Compare', icon: mdiCompare, shortcut: 'CmdOrCtrl+2' },
  { name: 'inspect', title: 'Inspect', icon: mdiEyeOutline, shortcut: 'CmdOrCtrl+3' },
  { name: 'evaluate', title: 'Evaluate', icon: mdiSchoolOutline, shortcut: 'CmdOrCtrl+4' },
  { name: 'experiments', title: 'Experiments', icon: mdiFlaskOutline, shortcut: 'CmdOrCtrl+5' },
  { name: 'export', title: 'Export', icon: mdiExportVariant, shortcut: 'CmdOrCtrl+6' },
  { name: 'engines', title: 'Engines', icon: mdiMemory, shortcut: 'CmdOrCtrl+7' },
  { name: 'settings', title: 'Settings', icon: mdiCog, shortcut: 'CmdOrCtrl+,' },
].map((page) => ({ ...page, path: page.name === 'home' ? '/' : `/${page.name}` }))
