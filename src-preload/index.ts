import { contextBridge, ipcRenderer, webUtils } from 'electron'

/** All that the renderer gets: a channel of strings to the backend and the path of a dropped file. */
const saim = {
  send: (text: string) => ipcRenderer.send('saim', text),
  onMessage: (listener: (text: string) => void) => {
    ipcRenderer.on('saim', (_event, text: string) => listener(text))
  },
  // webUtils came with Electron 29; before it files had a path of their own.
  pathForFile: (file: File) =>
    (webUtils as typeof webUtils | undefined)?.getPathForFile(file) ?? (file as File & { path: string }).path,
}

export type SaimBridge = typeof saim

contextBridge.exposeInMainWorld('saim', saim)
