import { Menu, type MenuItemConstructorOptions } from 'electron'
import { commands, type CommandWords } from '#shared/commands'

interface MenuOptions {
  /** Goes to a page of the renderer. */
  navigate: (path: string) => void
  /** Starts a command in the application's own window. */
  command: (id: string) => void
  /** Whether new versions can be looked for. */
  canUpdate: boolean
}

/** The application menu: the commands that have a place in it, beside what systems expect. */
export function setMenu({ navigate, command, canUpdate }: MenuOptions): void {
  const of = (menu: CommandWords['menu']): MenuItemConstructorOptions[] =>
    commands
      .filter((one) => one.menu === menu && one.host !== 'browser' && (canUpdate || one.id !== 'update'))
      .map(({ id, title, keys, path }) => ({
        label: title,
        // Single letters would fire while the person types: the window listens to them itself.
        ...(keys?.includes('+') && { accelerator: keys }),
        click: () => (path ? navigate(path) : command(id)),
      }))
  const menu: MenuItemConstructorOptions[] = [
    ...(process.platform === 'darwin' ? [{ role: 'appMenu' as const }] : []),
    { label: 'File', submenu: [...of('File'), { type: 'separator' }, { role: 'quit' }] },
    { role: 'editMenu' },
    { label: 'Go', submenu: of('Go') },
    { label: 'Run', submenu: of('Run') },
    { role: 'viewMenu' },
    { role: 'windowMenu' },
    { role: 'help', submenu: of('Help') },
  ]
  Menu.setApplicationMenu(Menu.buildFromTemplate(menu))
}
