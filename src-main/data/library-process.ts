import { createBirpc } from 'birpc'
import { type AppErrorData, toErrorData } from '../../src-shared/errors'
import { parentPort } from '../port'
import { thumbnail } from './decode'
import { scanFolder, type Scan } from './scan'

/**
 * A process that reads images for the services, so that the decoder and its native libraries never load into
 * Electron's main process.
 */
export interface LibraryFunctions {
  scan(folder: string): Promise<Scan | { error: AppErrorData }>
  thumbnail(file: string, size: number): Promise<Uint8Array | null>
}
export interface LibraryListener {
  progress(folder: string, found: { images: number; unreadable: number }): void
}

const functions: LibraryFunctions = {
  scan: (folder) =>
    scanFolder(folder, { onProgress: (found) => parent.progress(folder, found) }).catch((error) => ({
      error: toErrorData(error),
    })),
  thumbnail: (file, size) => thumbnail(file, size).catch(() => null),
}
const parent = createBirpc<LibraryListener, LibraryFunctions>(functions, {
  post: (message) => parentPort.post(message),
  on: (listener) => parentPort.onMessage(listener),
  eventNames: ['progress'],
  timeout: -1,
})
parentPort.onClose(() => process.exit(0))
