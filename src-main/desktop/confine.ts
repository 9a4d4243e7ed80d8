import { app, BrowserWindow, dialog, type Session, shell, type WebContents } from 'electron'
import { aside } from '#platform/background'

/** Keeps pages, those of this machine and those of others, from everything that they do not need. */

/** A sandbox without Node, and without the dictionaries that Chromium would download. */
export const pagePreferences = {
  contextIsolation: true,
  sandbox: true,
  nodeIntegration: false,
  spellcheck: false,
} as const

/** The origins of contents that show another machine. */
const machines = new WeakMap<WebContents, string>()

/** The origin of the machine that contents show, such as https://gpu-box:7001; undefined for this machine. */
export const machineOf = (contents: WebContents) => machines.get(contents)

/** Lets contents show another machine, and nothing of this one. */
export const showsMachine = (contents: WebContents, origin: string) => void machines.set(contents, origin)

/** Lets every page stay where it belongs, which is `ownOrigin` unless it shows another machine. Call it before windows open. */
export function confinePages(ownOrigin: string): void {
  app.on('web-contents-created', (_event, contents) => {
    const stay = (event: Electron.Event, url: string) => {
      if (!url.startsWith(`${machineOf(contents) ?? ownOrigin}/`)) event.preventDefault()
    }
    contents.on('will-navigate', stay)
    contents.on('will-redirect', stay)
    contents.on('will-attach-webview', (event) => event.preventDefault())
    contents.setWindowOpenHandler(({ url }) => {
      if (machineOf(contents) && url.startsWith('https://')) aside(offerLink(contents, url))
      return { action: 'deny' }
    })
  })
  // Chromium would tell any server that asks who the person is.
  app.on('select-client-certificate', (event, _contents, _url, _list, answer) => {
    event.preventDefault()
    answer()
  })
}

/** Contents whose link is being asked about. */
const asking = new WeakSet<WebContents>()

/**
 * Opens a link of another machine's page in the browser, where somebody just clicked in the page and agrees to the host: an
 * address can carry away what the page knows.
 */
async function offerLink(contents: WebContents, url: string): Promise<void> {
  const window = BrowserWindow.fromWebContents(contents)
  if (!window || asking.has(contents)) return
  asking.add(contents)
  try {
    if (!(await wasClicked(contents))) return
    const { response } = await dialog.showMessageBox(window, {
      type: 'question',
      message: `Open ${new URL(url).host} in your browser?`,
      detail: url.length > longestShown ? `${url.slice(0, longestShown)} …` : url,
      buttons: ['Cancel', 'Open'],
      defaultId: 0,
      cancelId: 0,
    })
    if (response === 1) await shell.openExternal(url)
  } finally {
    asking.delete(contents)
  }
}

const longestShown = 300

/** Asked in a world of its own, where the page's scripts cannot answer for it. */
const wasClicked = (contents: WebContents): Promise<boolean> =>
  contents.executeJavaScriptInIsolatedWorld(ownWorld, [{ code: 'navigator.userActivation.isActive' }])
const ownWorld = 1001

/** Gives the pages of a session no permission, no download, and no address but those that begin with one of `allowed`. */
export function confineSession(session: Session, allowed: string[]): void {
  session.setPermissionRequestHandler((_contents, _permission, answer) => answer(false))
  session.setPermissionCheckHandler(() => false)
  session.on('will-download', (event) => event.preventDefault())
  const beginnings = [...allowed, 'devtools:', 'data:', 'blob:']
  session.webRequest.onBeforeRequest(({ url }, answer) =>
    answer({ cancel: !beginnings.some((beginning) => url.startsWith(beginning)) }),
  )
}
