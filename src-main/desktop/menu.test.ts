import type { MenuItemConstructorOptions } from 'electron'
import { expect, it, vi } from 'vitest'
import { pages } from '#shared/pages'
import { setMenu } from './menu'

const shown = vi.hoisted(() => ({ menu: [] as MenuItemConstructorOptions[] }))
vi.mock('electron', () => ({
  Menu: {
    buildFromTemplate: (template: MenuItemConstructorOptions[]) => template,
    setApplicationMenu: (template: MenuItemConstructorOptions[]) => (shown.menu = template),
  },
}))

it('goes to every page of the navigation, by a shortcut of its own', () => {
  const visited: string[] = []
  setMenu({ navigate: (path) => visited.push(path), openMachine: () => undefined })
  const items = shown.menu.flatMap(({ submenu }) => (Array.isArray(submenu) ? submenu : []))
  const found = pages.map(({ title }) => items.find(({ label }) => label === title))
  for (const item of found) item?.click?.(undefined as never, undefined, undefined as never)
  expect(visited).toEqual(pages.map(({ path }) => path))
  const shortcuts = items.flatMap(({ accelerator }) => accelerator ?? [])
  expect(shortcuts.sort()).toEqual([...new Set(pages.map(({ shortcut }) => shortcut))].sort())
})
