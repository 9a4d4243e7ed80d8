/**
 * `npm run dev`: the application while it is worked on. A saved change of the renderer shows at once; one of the main side is built,
 * and what runs it starts again. In a window where Electron and a display are at hand, otherwise in the browser. Arguments go to
 * Electron or to `saim serve`.
 */
import {
  loadConfigFromFile,
  MainConfigFactory,
  PreloadConfigFactory,
  RendererConfigFactory,
} from 'electron-vite'
import { build, createServer, mergeConfig } from 'vite'
import { electronAtHand, hasDisplay, isOldElectron } from '../electron.mjs'
import { freePort, Gateway } from './gateway.mjs'
import { Restarted } from './restarted.mjs'

const parameters = process.argv.slice(2)
const electron = hasDisplay() ? electronAtHand('.') : null
if (electron && isOldElectron('.')) process.env.SAIM_ELECTRON_22 = '1'
const { config } = await loadConfigFromFile(
  { command: 'serve', mode: 'development' },
  'electron.vite.config.ts',
)

const port = await freePort()
const origin = `http://127.0.0.1:${port}`
const gateway = electron ? null : new Gateway(origin, await freePort())
const server = await createServer(
  mergeConfig(await new RendererConfigFactory(config.renderer, { configFile: false }, {}).build(), {
    mode: 'development',
    base: '/',
    logLevel: 'warn',
    plugins: gateway ? [gateway.plugin] : [],
    server: {
      ...{ host: '127.0.0.1', port, strictPort: true, proxy: gateway?.proxy },
      hmr: { protocol: 'ws', host: '127.0.0.1', clientPort: port }, // pages of the window have an address of their own
    },
  }),
)
await server.listen()

const application = electron
  ? new Restarted(electron, ['.', ...parameters], { SAIM_DEV_SERVER: origin })
  : new Restarted('node', ['out/main/cli.js', 'serve', '--port', String(gateway.backendPort), ...parameters])
application.onOutput = (text) => gateway?.hear(text)
application.onEnd = (code) => process.exit(code)
for (const signal of ['SIGINT', 'SIGTERM'])
  process.once(signal, () => void application.end().then(() => process.exit()))

await watch(PreloadConfigFactory, config.preload)
await watch(MainConfigFactory, config.main)

/** Builds a side now and after each change of its sources, then starts the application again. Answers after the first build. */
async function watch(Factory, side) {
  const watcher = await build(
    mergeConfig(await new Factory(side, { configFile: false }, {}).build(), {
      ...{ mode: 'development', logLevel: 'warn', build: { watch: {} } },
    }),
  )
  await new Promise((resolve) =>
    watcher.on('event', (event) => {
      if (event.code === 'ERROR') console.error(event.error.message)
      if (event.code === 'END') {
        if (Factory === MainConfigFactory) application.restart()
        resolve()
      }
    }),
  )
}
