import type { MenuItemConstructorOptions } from 'electron'
import { expect, it, vi } from 'vitest'
import { commands } from '#shared/commands'
import { pages } from '#shared/pages'
import { setMenu } from './menu'

const shown = vi.hoisted(() => ({ menu: [] as MenuItemConstructorOptions[] }))
vi.mock('electron', () => ({
  Menu: {
    buildFromTemplate: (template: MenuItemConstructorOptions[]) => template,
    setApplicationMenu: (template: MenuItemConstructorOptions[]) => (shown.menu = template),
  },
}))

const items = () => shown.menu.flatMap(({ submenu }) => (Array.isArray(submenu) ? submenu : []))
const open = (canUpdate = true) => {
  const done: string[] = []
  setMenu({ navigate: (path) => done.push(path), command: (id) => done.push(id), canUpdate })
  return done
}

it('goes to every page of the navigation, by a shortcut of its own', () => {
  const visited = open()
  const found = pages.map(({ title }) => items().find(({ label }) => label === title))
  for (const item of found) item?.click?.(undefined as never, undefined, undefined as never)
  expect(visited).toEqual(pages.map(({ path }) => path))
})

it('has every command that belongs in a menu, each key once and no single letters', () => {
  const done = open()
  for (const { id, title } of commands.filter(({ menu, path }) => menu && !path)) {
    const item = items().find(({ label }) => label === title)
    item?.click?.(undefined as never, undefined, undefined as never)
    expect(done.at(-1)).toBe(id)
  }
  const shortcuts = items().flatMap(({ accelerator }) => accelerator ?? [])
  expect(shortcuts).toContain('CmdOrCtrl+K')
  expect(new Set(shortcuts).size).toBe(shortcuts.length)
  expect(shortcuts.filter((keys) => !String(keys).includes('+'))).toEqual([])
})

it('offers nothing of ours that is no command', () => {
  open()
  const titles = commands.map(({ title }) => title)
  const ours = items().filter(({ click }) => click)
  expect(ours.length).toBeGreaterThan(10)
  expect(ours.filter(({ label }) => !titles.includes(label!))).toEqual([])
})

it('offers no look for new versions where nobody knows where they are', () => {
  open(false)
  expect(items().some(({ label }) => label === 'Check for updates')).toBe(false)
})
