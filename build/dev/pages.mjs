/**
 * `npm run dev:mock`: the renderer alone, against the recorded answers of src-renderer/dev/recordings. `npm run gallery`: every part
 * of src-renderer/ui by itself, light beside dark. Neither needs a build.
 */
import { createReadStream, readdirSync } from 'node:fs'
import path from 'node:path'
import { loadConfigFromFile, RendererConfigFactory } from 'electron-vite'
import { createServer, mergeConfig } from 'vite'

const page = process.argv[2] === 'gallery' ? '/dev/gallery.html' : '/'
const { config } = await loadConfigFromFile(
  { command: 'serve', mode: 'development' },
  'electron.vite.config.ts',
)
const server = await createServer(
  mergeConfig(await new RendererConfigFactory(config.renderer, { configFile: false }, {}).build(), {
    mode: 'development',
    base: '/',
    logLevel: 'warn',
    publicDir: path.resolve('src-renderer/dev/recordings'),
    resolve: { alias: { '#backend': path.resolve('src-renderer/dev/mock-backend.ts') } },
    plugins: [samplePictures()],
    server: { host: '127.0.0.1' },
  }),
)
await server.listen()
console.log(`${server.resolvedUrls.local[0].replace(/\/$/, '')}${page}. Ctrl-C ends.`)

/** Thumbnails are not recorded: a sample image stands for each. */
function samplePictures() {
  const folder = path.resolve('resources/sample-images')
  const images = readdirSync(folder, { recursive: true })
    .filter((name) => name.endsWith('.png'))
    .sort()
  return {
    name: 'sample-pictures',
    configureServer:
      ({ middlewares }) =>
      () =>
        void middlewares.use((request, response, next) => {
          if (!request.originalUrl.startsWith('/files/')) return next()
          const place = Number(/\d+$/.exec(request.originalUrl)?.[0] ?? request.originalUrl.length)
          response.setHeader('content-type', 'image/png')
          createReadStream(path.join(folder, images[place % images.length])).pipe(response)
        }),
  }
}
