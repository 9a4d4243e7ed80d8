import { Menu, type MenuItemConstructorOptions } from 'electron'

interface MenuOptions {
  /** Goes to a page of the renderer. */
  navigate: (path: string) => void
  /** Goes to where another machine is opened. */
  openMachine: () => void
  /** Looks for a new version; absent where that can not be done. */
  update?: () => void
}

/** The application menu. */
export function setMenu({ navigate, openMachine, update }: MenuOptions): void {
  const page = (label: string, path: string, accelerator?: string): MenuItemConstructorOptions => ({
    label,
    accelerator,
    click: () => navigate(path),
  })
  Menu.setApplicationMenu(
    Menu.buildFromTemplate([
      ...(process.platform === 'darwin' ? [{ role: 'appMenu' as const }] : []),
      {
        label: 'File',
        submenu: [
          page('Data Sets', '/datasets', 'CmdOrCtrl+O'),
          page('New Run', '/train', 'CmdOrCtrl+N'),
          { type: 'separator' },
          { label: 'Another Machine …', click: openMachine },
          { type: 'separator' },
          page('Settings', '/settings', 'CmdOrCtrl+,'),
          { type: 'separator' },
          { role: 'quit' },
        ],
      },
      { role: 'editMenu' },
      {
        label: 'Go',
        submenu: [
          page('Runs', '/runs', 'CmdOrCtrl+1'),
          page('Compare', '/compare', 'CmdOrCtrl+2'),
          page('Inspect', '/inspect', 'CmdOrCtrl+3'),
          page('Export', '/export', 'CmdOrCtrl+4'),
          page('Engines', '/engines', 'CmdOrCtrl+5'),
        ],
      },
      { role: 'viewMenu' },
      { role: 'windowMenu' },
      ...(update
        ? [{ role: 'help' as const, submenu: [{ label: 'Look for a new version', click: update }] }]
        : []),
    ]),
  )
}
