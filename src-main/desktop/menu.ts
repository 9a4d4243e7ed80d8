import { Menu, type MenuItemConstructorOptions } from 'electron'
import { pages } from '#shared/pages'

interface MenuOptions {
  /** Goes to a page of the renderer. */
  navigate: (path: string) => void
  /** Goes to where another machine is opened. */
  openMachine: () => void
  /** Looks for a new version; absent where that cannot be done. */
  update?: () => void
}

/** The application menu. */
export function setMenu({ navigate, openMachine, update }: MenuOptions): void {
  const go = pages.map(({ title, path, shortcut }) => ({
    label: title,
    accelerator: shortcut,
    click: () => navigate(path),
  }))
  const menu: MenuItemConstructorOptions[] = [
    ...(process.platform === 'darwin' ? [{ role: 'appMenu' as const }] : []),
    {
      label: 'File',
      submenu: [{ label: 'Another machine …', click: openMachine }, { type: 'separator' }, { role: 'quit' }],
    },
    { role: 'editMenu' },
    { label: 'Go', submenu: go },
    { role: 'viewMenu' },
    { role: 'windowMenu' },
    ...(update ? [{ role: 'help' as const, submenu: [{ label: 'Check for updates', click: update }] }] : []),
  ]
  Menu.setApplicationMenu(Menu.buildFromTemplate(menu))
}
