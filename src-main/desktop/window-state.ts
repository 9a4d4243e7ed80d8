import type { BrowserWindow, Rectangle } from 'electron'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { dataFolder } from '#platform/paths'

const file = path.join(dataFolder(), 'window.json')

interface WindowState {
  bounds: Partial<Rectangle> & { width: number; height: number }
  maximized: boolean
}

export function readWindowState(): WindowState {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as WindowState
  } catch {
    return { bounds: { width: 1280, height: 820 }, maximized: false }
  }
}

export function saveWindowState(window: BrowserWindow): void {
  mkdirSync(dataFolder(), { recursive: true })
  const state: WindowState = { bounds: window.getNormalBounds(), maximized: window.isMaximized() }
  writeFileSync(file, JSON.stringify(state))
}
