import { app, type BrowserWindow, dialog } from 'electron'
import { existsSync } from 'node:fs'
import path from 'node:path'

/** Whether this build knows where new versions are published (build/package/electron-builder.mjs). */
export const canUpdate = () =>
  app.isPackaged && existsSync(path.join(process.resourcesPath, 'app-update.yml'))

/**
 * Looks for a new version, downloads it if the person wants it, and leaves it to be installed when the application
 * quits. `quiet` says nothing where there is none, or no network.
 */
export async function offerUpdate(window: BrowserWindow, { quiet }: { quiet: boolean }): Promise<void> {
  const say = (message: string, detail: string, buttons = ['OK']) =>
    dialog.showMessageBox(window, { message, detail, buttons, defaultId: 0, cancelId: buttons.length - 1 })
  try {
    const { autoUpdater } = await import('electron-updater')
    autoUpdater.autoDownload = false
    autoUpdater.autoInstallOnAppQuit = true
    const found = await autoUpdater.checkForUpdates()
    if (!found?.isUpdateAvailable) {
      if (!quiet) await say('This is the newest version.', `SAIM Studio ${app.getVersion()}`)
      return
    }
    const { version } = found.updateInfo
    const { response } = await say(
      `SAIM Studio ${version} is there.`,
      `You have ${app.getVersion()}. It is downloaded now and installed when you quit.`,
      ['Download', 'Not now'],
    )
    if (response !== 0) return
    await autoUpdater.downloadUpdate()
    await say(`SAIM Studio ${version} is ready.`, 'It is installed when you quit.')
  } catch (error) {
    if (!quiet) await say('No new version could be had.', (error as Error).message)
  }
}
