import {
  app,
  BrowserWindow,
  dialog,
  ipcMain,
  Notification,
  type OpenDialogOptions,
  powerSaveBlocker,
  protocol,
  type ProtocolResponse,
  safeStorage,
  session,
  shell,
  utilityProcess,
} from 'electron'
import { statSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { type Emit, type Picked, type Run, type Told, weightsEndings } from '#shared/contract'
import { bridge } from '#app/bridge'
import { Awake } from './awake'
import { confinePages, confineSession, machineOf, pagePreferences } from './confine'
import { devServer, fromDevServer } from './dev-server'
import { keepLog, logFile } from './log'
import { Machines, type Vault } from './machines'
import { setMenu } from './menu'
import { aside, outliveErrors, runToEnd } from '#platform/background'
import { closeDataFolder, dataFolder, outFile } from '#platform/paths'
import { collectErrors, type Fork } from '#platform/processes'
import { openMachine } from './remote-window'
import { contentSecurityPolicy, contentTypes, fileFor } from '#app/renderer-files'
import { createServices, type Services } from '#app/backend'
import { isRunFolder } from '#storage/run/find'
import { canUpdate, offerUpdate } from './updates'
import { readWindowState, saveWindowState } from './window-state'

/** The desktop application: one window, the services behind it, and a clean end. */

const origin = 'saim://app'
let window: BrowserWindow | null = null
let services: Services
let emit: Emit = () => undefined
const awake = new Awake(powerSaveBlocker)

// The scheme's pages are a secure origin of their own, like those of a site.
protocol.registerSchemesAsPrivileged([
  { scheme: 'saim', privileges: { standard: true, secure: true, supportFetchAPI: true } },
])

// One instance for each data folder, which also keeps what Chromium stores.
closeDataFolder()
keepLog()
app.setPath('userData', path.join(dataFolder(), 'window'))

if (app.requestSingleInstanceLock()) {
  app.on('second-instance', (_event, parameters) => {
    window?.show()
    openFolder(parameters.at(-1))
  })
  app.on('open-file', (_event, file) => openFolder(file))
  app.on('window-all-closed', () => app.quit())
  runToEnd(app.whenReady().then(start).then(outliveErrors))
} else app.quit()

async function start(): Promise<void> {
  serveFiles()
  confinePages(origin)
  confineSession(session.defaultSession, [
    `${origin}/`,
    ...(devServer ? [`${devServer.replace('http', 'ws')}/`] : []),
  ])
  setMenu({
    navigate,
    command: (id) => {
      window?.show()
      emit('app.command', { id })
    },
    canUpdate: canUpdate(),
  })
  const send: Emit = (name, payload) => emit(name, payload)
  services = createServices(
    {
      kind: 'electron',
      fork,
      update: canUpdate() ? () => offerUpdate(window!, { quiet: false }) : undefined,
      pick: async ({ what, title }) => {
        const { filePaths } = await dialog.showOpenDialog(window!, { title, ...dialogs[what] })
        return filePaths[0] ?? null
      },
      reveal: (file) => shell.showItemInFolder(file),
      showLog: () => shell.showItemInFolder(logFile()),
      configured: ({ keepAwake }) => awake.want(keepAwake),
      tell: (told) => aside(notify(told)),
      machines: new Machines(openMachine, vault()).calls,
    },
    (name, payload) => {
      if (name === 'runs.changed') showProgress(payload as Run)
      send(name, payload)
    },
  )
  openWindow()
  const { updates, keepAwake } = await services.calls['settings.get']()
  awake.want(keepAwake)
  if (updates && canUpdate()) aside(offerUpdate(window!, { quiet: true }))
  openFolder(process.argv.slice(app.isPackaged ? 1 : 2).at(-1))
}

function openWindow(): void {
  const { bounds, maximized } = readWindowState()
  window = new BrowserWindow({
    ...bounds,
    minWidth: 1024,
    minHeight: 700,
    show: false,
    title: 'SAIM Studio',
    webPreferences: {
      preload: path.join(path.dirname(outFile('index')), '..', 'preload', 'index.js'),
      ...pagePreferences,
    },
  })
  if (maximized) window.maximize()
  window.once('ready-to-show', () => window!.show())
  const { webContents } = window
  emit = bridge(
    {
      post: (text) => !webContents.isDestroyed() && webContents.send('saim', text),
      on: (listener) =>
        ipcMain.on('saim', (event, text: string) => {
          if (event.sender === webContents && event.senderFrame?.url.startsWith(`${origin}/`)) listener(text)
        }),
    },
    services,
  )
  webContents.on('render-process-gone', (_event, { reason }) => {
    if (reason !== 'clean-exit') aside(offerReload(window!, reason))
  })
  window.on('closed', () => {
    window = null
    emit = () => undefined
    app.quit() // windows of other machines go with it
  })
  window.on('close', (event) => {
    event.preventDefault()
    aside(close(window!))
  })
  aside(window.loadURL(`${origin}/index.html`))
}

/** The page ended by itself; what is trained goes on in processes of its own. */
async function offerReload(broken: BrowserWindow, reason: string): Promise<void> {
  console.error(`The window's page ended: ${reason}`)
  const { response } = await dialog.showMessageBox(broken, {
    type: 'error',
    message: 'The window stopped working.',
    detail: 'Nothing is lost: what trains goes on. Help, Show log has the reason.',
    buttons: ['Reload', 'Quit'],
    defaultId: 0,
    cancelId: 0,
  })
  if (response === 0) broken.webContents.reload()
  else broken.close()
}

/** Asks while something is trained; pauses and saves it before the window goes. */
async function close(closing: BrowserWindow): Promise<void> {
  const run = await services.currentRun()
  if (run) {
    const { response } = await dialog.showMessageBox(closing, {
      type: 'question',
      message: `Pause “${run.name}” and quit?`,
      detail: 'It saves after this step and can be resumed next time.',
      buttons: ['Keep training', 'Pause and quit'],
      defaultId: 0,
      cancelId: 0,
    })
    if (response === 0) return
  }
  saveWindowState(closing)
  try {
    await services.close()
  } finally {
    closing.destroy()
  }
}

/** saim://app/ serves the renderer, saim://app/files/ thumbnails and reconstructions. */
function serveFiles(): void {
  // The one API that Electron 22, on which the tests run, and today's both have.
  protocol.registerBufferProtocol('saim', (request, respond) => {
    aside(fileAt(request.url).then(respond))
  })
}

async function fileAt(url: string): Promise<ProtocolResponse> {
  const { pathname, search } = new URL(url)
  if (devServer && !pathname.startsWith('/files/')) return fromDevServer(pathname + search)
  const file = await fileFor(services, pathname)
  const data = file ? await readFile(file).catch(() => null) : null
  if (!file || !data) return { statusCode: 404, data: Buffer.from('There is nothing here.') }
  return {
    data,
    mimeType: contentTypes[path.extname(file)] ?? 'application/octet-stream',
    headers: { 'content-security-policy': contentSecurityPolicy, 'x-content-type-options': 'nosniff' },
  }
}

/** Goes to a page, in the window of another machine where that is the one in use. */
function navigate(to: string): void {
  const contents = BrowserWindow.getFocusedWindow()?.webContents
  const machine = contents && machineOf(contents)
  if (machine) aside(contents.loadURL(`${machine}/#${to}`))
  else emit('app.navigate', { path: to })
}

/** The keychain of the system; null where there is none, for which Chromium on Linux takes a password that everyone knows. */
function vault(): Vault | null {
  // Electron 22, on which the tests run, cannot tell.
  const knownToAll = safeStorage.getSelectedStorageBackend?.() === 'basic_text'
  if (!safeStorage.isEncryptionAvailable() || knownToAll) return null
  return {
    encrypt: (text) => safeStorage.encryptString(text).toString('base64'),
    decrypt: (text) => safeStorage.decryptString(Buffer.from(text, 'base64')),
  }
}

/** The system's dialogs. */
const dialogs: Record<Picked, OpenDialogOptions> = {
  folder: { properties: ['openDirectory', 'createDirectory'] },
  weights: { properties: ['openFile'], filters: [{ name: 'Weights', extensions: weightsEndings }] },
}

/** A folder that was opened with the application or dropped on its icon: a run, else a data set. */
function openFolder(file: string | undefined): void {
  if (!file || !path.isAbsolute(file) || !statSync(file, { throwIfNoEntry: false })?.isDirectory()) return
  const open = isRunFolder(file)
    ? () => emit('app.navigate', { path: `/runs/${path.basename(file)}` })
    : () => emit('app.folderOpened', { folder: file })
  setTimeout(open, 1000)
}

function showProgress(run: Run): void {
  const running = run.status === 'running' && run.totalSteps > 0
  window?.setProgressBar(running ? run.step / run.totalSteps : -1)
}

async function notify({ about, text, advice, to }: Told): Promise<void> {
  const { notifications } = await services.calls['settings.get']()
  if (!notifications || window?.isFocused() || !Notification.isSupported()) return
  const note = new Notification({ title: [about, text].filter(Boolean).join(' '), body: advice ?? '' })
  note.on('click', () => {
    window?.show()
    if (to) emit('app.navigate', { path: to })
  })
  note.show()
}

const fork: Fork = (name, parameters) => {
  const child = utilityProcess.fork(outFile(name), parameters, { serviceName: `SAIM ${name}`, stdio: 'pipe' })
  awake.during(name, (listener) => child.on('exit', listener))
  const errors = collectErrors(child.stderr!)
  child.stdout!.resume()
  return {
    get pid() {
      return child.pid
    },
    post: (message) => child.postMessage(message),
    onMessage: (listener) => void child.on('message', listener),
    onExit: (listener) => void child.on('exit', (code) => listener(code, errors())),
    kill: () => void child.kill(),
  }
}
