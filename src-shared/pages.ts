import {
  mdiChartLineVariant,
  mdiCog,
  mdiFlaskOutline,
  mdiHomeOutline,
  mdiImageMultipleOutline,
  mdiMemory,
  mdiPlus,
  mdiTagSearchOutline,
} from '@mdi/js'

/** A page of the navigation. */
interface Page {
  /** `new-run` is src-renderer/features/new-run/NewRunPage.vue. */
  name: string
  title: string
  path: string
  icon: string
  shortcut: string
  /** Stands at the foot of the sidebar. */
  foot?: true
}

/** The pages of the navigation, in its order; the native menu lists the same ones. */
export const pages: Page[] = [
  { name: 'new-run', title: 'New run', path: '/new', icon: mdiPlus, shortcut: 'CmdOrCtrl+N' },
  { name: 'home', title: 'Home', path: '/', icon: mdiHomeOutline, shortcut: 'CmdOrCtrl+1' },
  {
    name: 'datasets',
    title: 'Data sets',
    path: '/datasets',
    icon: mdiImageMultipleOutline,
    shortcut: 'CmdOrCtrl+2',
  },
  { name: 'runs', title: 'Runs', path: '/runs', icon: mdiChartLineVariant, shortcut: 'CmdOrCtrl+3' },
  {
    name: 'experiments',
    title: 'Experiments',
    path: '/experiments',
    icon: mdiFlaskOutline,
    shortcut: 'CmdOrCtrl+4',
  },
  {
    name: 'predict',
    title: 'Predict',
    path: '/predict',
    icon: mdiTagSearchOutline,
    shortcut: 'CmdOrCtrl+7',
  },
  {
    name: 'machine',
    title: 'Machine',
    path: '/machine',
    icon: mdiMemory,
    shortcut: 'CmdOrCtrl+5',
    foot: true,
  },
  {
    name: 'settings',
    title: 'Settings',
    path: '/settings',
    icon: mdiCog,
    shortcut: 'CmdOrCtrl+6',
    foot: true,
  },
]
