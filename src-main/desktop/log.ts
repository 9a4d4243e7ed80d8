import log from 'electron-log/main'
import { release } from 'node:os'
import path from 'node:path'
import { dataFolder } from '#platform/paths'
import { appVersion } from '#shared/version'

/** What the application itself said, the newest megabyte of it; runs and evaluations have logs of their own. */
export const logFile = () => path.join(dataFolder(), 'logs', 'application.log')

/** Keeps what is written to the console, errors that nobody awaited too, since a window has no terminal. Nothing leaves the machine. */
export function keepLog(): void {
  log.transports.file.resolvePathFn = logFile
  log.transports.file.maxSize = 2 ** 20
  log.transports.file.level = 'info'
  Object.assign(console, log.functions)
  console.info(
    `SAIM Studio ${appVersion}, Electron ${process.versions.electron}, ${process.platform} ${process.arch} ${release()}`,
  )
}
