/**
 * `npm run build`: builds out/ for the tests' Electron where only that one is at hand. With --to-ship it does not count, only the
 * package's own or a named one.
 */
import { build } from 'electron-vite'
import { isOldElectron } from './electron.mjs'

if (isOldElectron('.', { forTests: !process.argv.includes('--to-ship') })) process.env.SAIM_ELECTRON_22 = '1'
await build({ logLevel: 'warn' })
