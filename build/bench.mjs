/** Bundles and runs a program of test/bench: `npm run bench -- step nano 64`. */
import { spawnSync } from 'node:child_process'
import { build } from 'vite'
import { readFileSync } from 'node:fs'
import { wasm } from './wasm.mjs'

const { dependencies } = JSON.parse(readFileSync('package.json', 'utf8'))
const [name, ...rest] = process.argv.slice(2)
const outDir = 'node_modules/.cache/bench'
await build({
  configFile: false,
  logLevel: 'error',
  plugins: [wasm],
  build: {
    ssr: `test/bench/${name}.ts`,
    outDir,
    emptyOutDir: false,
    rollupOptions: { output: { format: 'cjs', entryFileNames: '[name].cjs' } },
  },
  ssr: { noExternal: true, external: [...Object.keys(dependencies), 'playwright-core'] },
})
const { status } = spawnSync('node', [`${outDir}/${name}.cjs`, ...rest], { stdio: 'inherit' })
process.exitCode = status ?? 1
