import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import path from 'node:path'
import { _electron, chromium, type ElectronApplication, type Page } from 'playwright-core'
import { expect } from 'vitest'
import { settled } from './walk'

/** The application as a person opens it: a page, and a way to end and open it again. */
export interface OpenedApp {
  page: Page
  close(): Promise<void>
}

/** Writes a picture of the page for the docs: where there is none yet or, with SCREENSHOTS set, anew. */
export async function picture(page: Page, name: string, options: { fullPage?: boolean } = {}): Promise<void> {
  const file = path.resolve('docs/screenshots', `${name}.png`)
  if (existsSync(file) && !process.env['SCREENSHOTS']) return
  await expect.poll(() => page.evaluate(imagesUnderWay), { timeout: 30_000 }).toBe(0)
  await settled(page)
  await page.evaluate(withoutPlaces)
  await page.screenshot({ path: file, ...options })
}

/** Images in sight that are not there yet; those that are loaded when they are scrolled to do not count. */
const imagesUnderWay = `Array.from(document.images).filter((image) => {
  const { top, bottom } = image.getBoundingClientRect()
  return !image.complete && bottom > 0 && top < innerHeight
}).length`

/** Puts another place for each of this machine's, in all texts and fields. */
const withoutPlaces = `(() => {
  const put = (node, key) => {
    const text = node[key].replaceAll(${JSON.stringify(process.cwd())}, '/opt/saim-studio').replace(/\\/tmp\\/saim-test-\\w+/g, '/home/you')
    if (text !== node[key]) node[key] = text
  }
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
  while (texts.nextNode()) put(texts.currentNode, 'data')
  for (const field of document.querySelectorAll('input, textarea')) put(field, 'value')
})()`

export const chromiumPath = ['/usr/bin/chromium', '/usr/bin/google-chrome'].find((file) => existsSync(file))

const quiet = [
  '--no-sandbox',
  '--disable-gpu',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/** `saim serve` and a headless browser. */
export async function openInBrowser(home: string, roots: string[]): Promise<OpenedApp> {
  const server = spawn('node', ['out/main/cli.js', 'serve', '--root', ...roots], {
    env: { ...process.env, SAIM_HOME: home },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const url = await said(server, /http:\S+/)
  const browser = await chromium.launch({ executablePath: chromiumPath!, args: quiet })
  const page = await browser.newPage({ viewport: { width: 1280, height: 820 } })
  await page.goto(url)
  return {
    page,
    async close() {
      await browser.close()
      server.kill('SIGINT')
      await new Promise((resolve) => server.on('exit', resolve))
    },
  }
}

/** Electron's binary: the package's own, or the one that build/electron-fixture.mjs makes. */
export function electronPath(): string | null {
  const candidates = [
    process.env['ELECTRON_OVERRIDE_DIST_PATH'],
    'node_modules/electron/dist',
    '.cache/electron',
  ].flatMap((folder) => (folder ? [path.resolve(folder, 'electron')] : []))
  return candidates.find((file) => existsSync(file)) ?? null
}

/** A real window, on the display there is or under Xvfb. Its folder dialog answers `chosen`. */
export async function openWindow(
  home: string,
  chosen: string,
): Promise<OpenedApp & { application: ElectronApplication }> {
  const display = process.env['DISPLAY'] ? null : await startDisplay()
  const application = await _electron.launch({
    executablePath: electronPath()!,
    args: ['.', '--no-sandbox'],
    env: { ...process.env, SAIM_HOME: home, DISPLAY: display?.name ?? process.env['DISPLAY']! },
  })
  // No test can click the system's dialog.
  await application.evaluate(({ dialog }, folder) => {
    dialog.showOpenDialog = () => Promise.resolve({ canceled: false, filePaths: [folder] })
  }, chosen)
  const page = await application.firstWindow()
  return {
    application,
    page,
    async close() {
      await application.close()
      display?.end()
    },
  }
}

const packagedBinary: Partial<Record<NodeJS.Platform, string>> = {
  darwin: 'SAIM Studio.app/Contents/MacOS/SAIM Studio',
  win32: 'SAIM Studio.exe',
}

/** The packaged application of a folder, as its users start it. No debugger can reach its main process, only the page. */
export async function openPackaged(
  folder: string,
  home: string,
  env: Record<string, string> = {},
): Promise<OpenedApp> {
  const isElsewhere = process.platform !== 'linux' || process.env['DISPLAY']
  const display = isElsewhere ? null : await startDisplay()
  const child = spawn(
    path.join(folder, packagedBinary[process.platform] ?? 'saim-studio'),
    ['--no-sandbox', '--disable-gpu', '--remote-debugging-port=0'],
    {
      cwd: folder,
      env: { ...process.env, SAIM_HOME: home, DISPLAY: display?.name ?? process.env['DISPLAY'], ...env },
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  )
  const browser = await chromium.connectOverCDP(await said(child, /ws:\S+/), { noDefaults: true })
  const context = browser.contexts()[0]!
  const page = context.pages()[0] ?? (await context.waitForEvent('page'))
  return {
    page,
    async close() {
      const ended = new Promise((resolve) => child.on('exit', resolve))
      await page.close()
      await ended
      await browser.close()
      display?.end()
    },
  }
}

/** A display that nobody sees. */
async function startDisplay(): Promise<{ name: string; end(): void }> {
  const server = spawn('Xvfb', ['-displayfd', '1', '-screen', '0', '1400x900x24'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  return { name: `:${await said(server, /^\d+(?=\n)/)}`, end: () => void server.kill() }
}

/** The first text of a process's output that matches. */
export function said(child: ChildProcess, pattern: RegExp): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = ''
    const hear = (chunk: Buffer) => {
      text += chunk.toString()
      const found = pattern.exec(text)?.[0]
      if (found) resolve(found)
    }
    child.stdout?.on('data', hear)
    child.stderr?.on('data', hear)
    child.on('exit', (code) => reject(new Error(`It ended with code ${code}: ${text}`)))
  })
}

/** Whether a window can be shown here. */
export const canOpenWindow = () =>
  electronPath() !== null && (process.env['DISPLAY'] !== undefined || existsSync('/usr/bin/Xvfb'))

/** The two windows on the application. */
export const bothHosts = [
  { name: 'in the browser', can: chromiumPath !== undefined, browser: true },
  { name: 'in the window', can: canOpenWindow(), browser: false },
]

/** Both with CI; else the first that can be had, for what is the same in either. */
export const hostsHere = process.env['CI'] ? bothHosts : bothHosts.filter(({ can }) => can).slice(0, 1)

/** Both with CI; else the window where there is one, so that it is walked once too. */
export const windowHere = process.env['CI'] ? bothHosts : bothHosts.filter(({ can }) => can).slice(-1)
