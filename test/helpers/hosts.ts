import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import path from 'node:path'
import { type Browser, chromium, type Page } from 'playwright-core'

/** The application as a person opens it: a page, and a way to end and open it again. */
export interface OpenedApp {
  page: Page
  close(): Promise<void>
}

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
export async function openWindow(home: string, chosen: string): Promise<OpenedApp> {
  const port = 9300 + Math.floor(Math.random() * 600)
  const command = [electronPath()!, '.', '--no-sandbox', `--remote-debugging-port=${port}`]
  const withDisplay = process.env['DISPLAY']
    ? command
    : ['xvfb-run', '-a', '-s', '-screen 0 1400x900x24', ...command]
  const child = spawn(withDisplay[0]!, withDisplay.slice(1), {
    env: {
      ...process.env,
      SAIM_HOME: home,
      SAIM_TEST_FOLDER: chosen,
      NODE_OPTIONS: `--require ${path.resolve('test/helpers/choose-folder.cjs')}`,
    },
    stdio: ['ignore', 'ignore', 'pipe'],
    detached: true,
  })
  const debuggerUrl = await said(child, /ws:\/\/\S+/)
  const browser: Browser = await chromium.connectOverCDP(
    debuggerUrl.replace('ws:', 'http:').replace(/\/devtools.*/, ''),
  )
  const page = await firstPage(browser)
  const exited = new Promise((resolve) => child.on('exit', resolve))
  return {
    page,
    async close() {
      await page.close({ runBeforeUnload: true }).catch(() => undefined)
      const late = setTimeout(() => process.kill(-child.pid!, 'SIGKILL'), 20_000)
      await exited
      clearTimeout(late)
      await browser.close().catch(() => undefined)
    },
  }
}

async function firstPage(browser: Browser): Promise<Page> {
  for (let tries = 0; tries < 100; tries++) {
    const page = browser.contexts().flatMap((context) => context.pages())[0]
    if (page?.url().startsWith('saim:')) return page
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  throw new Error('The window did not open.')
}

/** The first text of a process's output that matches. */
function said(child: ChildProcess, pattern: RegExp): Promise<string> {
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
  electronPath() !== null && (process.env['DISPLAY'] !== undefined || hasXvfb())

function hasXvfb(): boolean {
  try {
    execFileSync('which', ['xvfb-run'])
    return true
  } catch {
    return false
  }
}
