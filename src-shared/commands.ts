import {
  mdiBellOffOutline,
  mdiBellOutline,
  mdiFlaskPlusOutline,
  mdiFolderPlusOutline,
  mdiImageMultipleOutline,
  mdiImport,
  mdiKeyboardOutline,
  mdiLan,
  mdiMagnify,
  mdiPauseCircleOutline,
  mdiPlayPause,
  mdiSpeedometer,
  mdiTextBoxOutline,
  mdiThemeLightDark,
  mdiTrashCanOutline,
  mdiUpdate,
} from '@mdi/js'
import { pages } from './pages'

/** What can be done from anywhere in the window. The palette, the shortcuts, their dialog and the native menu are made of it. */
export interface CommandWords {
  id: string
  title: string
  icon: string
  /** As Electron writes them: `CmdOrCtrl+K`. A single letter is off while the person types. */
  keys?: string
  /** The page that it goes to, where that is all it does. */
  path?: string
  /** The native menu that it stands in. */
  menu?: 'File' | 'Go' | 'Run' | 'Help'
  /** Where it is to be had, if not everywhere. */
  host?: 'electron' | 'browser'
}

const goTo: CommandWords[] = pages.map(({ name, title, path, icon, shortcut }) => ({
  id: name,
  title,
  icon,
  keys: shortcut,
  path,
  menu: name === 'new-run' ? 'File' : 'Go',
}))

export const commands: CommandWords[] = [
  ...goTo,
  { id: 'search', title: 'Search and commands', icon: mdiMagnify, keys: 'CmdOrCtrl+K', menu: 'Go' },
  { id: 'add-folder', title: 'Add folder', icon: mdiFolderPlusOutline, keys: 'CmdOrCtrl+O', menu: 'File' },
  { id: 'add-sample', title: 'Use sample images', icon: mdiImageMultipleOutline },
  { id: 'import', title: 'Import checkpoint', icon: mdiImport, path: '/runs?import', menu: 'File' },
  {
    id: 'connect',
    title: 'Connect to another machine',
    icon: mdiLan,
    path: '/machine#other',
    menu: 'File',
    host: 'electron',
  },
  { id: 'new-experiment', title: 'New experiment', icon: mdiFlaskPlusOutline, path: '/experiments' },
  { id: 'pause', title: 'Pause or resume', icon: mdiPlayPause, keys: 'P', menu: 'Run' },
  { id: 'hold', title: 'Hold or resume queue', icon: mdiPauseCircleOutline, menu: 'Run' },
  { id: 'test-engines', title: 'Test all engines', icon: mdiSpeedometer },
  { id: 'free-space', title: 'Free up space', icon: mdiTrashCanOutline, path: '/machine#storage' },
  { id: 'appearance', title: 'Change to light or dark', icon: mdiThemeLightDark },
  { id: 'notifications', title: 'Notifications', icon: mdiBellOutline },
  { id: 'clear-notifications', title: 'Clear notifications', icon: mdiBellOffOutline },
  { id: 'shortcuts', title: 'Keyboard shortcuts', icon: mdiKeyboardOutline, keys: '?', menu: 'Help' },
  { id: 'show-log', title: 'Show log', icon: mdiTextBoxOutline, menu: 'Help', host: 'electron' },
  { id: 'update', title: 'Check for updates', icon: mdiUpdate, menu: 'Help', host: 'electron' },
]

/** Keys that belong to a page or its parts, for the dialog of shortcuts. */
export const pageKeys: { where: string; keys: [keys: string, does: string][] }[] = [
  {
    where: 'Every page',
    keys: [
      ['Alt+1–8', 'Tabs'],
      ['/', 'Search in page'],
      ['Esc', 'Close, clear'],
      ['Alt+←', 'Back'],
    ],
  },
  {
    where: 'Runs',
    keys: [
      ['↑ ↓', 'Row before, next row'],
      ['Enter', 'Open'],
      ['Space', 'Select'],
      ['C', 'Compare selected'],
      ['T', 'Tag'],
      ['E', 'Archive'],
      ['Del', 'Move to trash'],
    ],
  },
  {
    where: 'A run',
    keys: [
      [', .', 'Checkpoint before, next checkpoint'],
      ['← →', 'Checkpoint or patch'],
      ['Space', 'Play'],
      ['+ − 0', 'Zoom'],
    ],
  },
  {
    where: 'A data set',
    keys: [
      ['Space', 'Enlarge'],
      ['S', 'Find similar'],
      ['L', 'Label'],
      ['X', 'Exclude'],
      ['1–9', 'Label by number'],
      ['A', 'Accept suggestions'],
      ['Z', 'Undo'],
      ['B', 'Keep both of a pair'],
    ],
  },
  { where: 'New run', keys: [['CmdOrCtrl+Enter', 'Start']] },
]
