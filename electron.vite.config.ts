import vue from '@vitejs/plugin-vue'
import type { UserConfig } from 'electron-vite'
import { cpSync, readdirSync, rmSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Plugin } from 'vite'
import vuetify from 'vite-plugin-vuetify'
import { forElectron22 } from './build/electron-22'
import { listPackages } from './build/package/list-packages'
import { wasm } from './build/wasm.mjs'
import { devDependencies } from './package.json'

/** Everything but native modules is bundled, so that the application ships few and small files. */
const externalizeDeps = { exclude: Object.keys(devDependencies).filter((name) => name !== 'electron') }

/** What the addon of the tensorflow engine is compiled from, where there is no binary of it. electron-builder leaves out .cc files. */
const addonSources: Plugin = {
  name: 'addon-sources',
  writeBundle() {
    const [from, to] = ['node_modules/@tensorflow/tfjs-node-gpu/binding', 'out/tensorflow-addon/binding']
    rmSync(to, { recursive: true, force: true })
    for (const file of readdirSync(from)) cpSync(`${from}/${file}`, `${to}/${file.replace(/\.cc$/, '.cpp')}`)
    cpSync('node_modules/node-api-headers/include', 'out/tensorflow-addon/include', { recursive: true })
  },
}

/** Without targets of their own, preload and renderer are built for the Electron of package.json. */
const config: UserConfig = {
  main: {
    plugins: [addonSources, wasm, listPackages('main')],
    build: {
      target: 'node20.19', // the command line runs in the person's Node
      externalizeDeps,
      sourcemap: true,
      rollupOptions: {
        input: {
          index: 'src-main/desktop/index.ts',
          cli: 'src-main/cli/index.ts',
          training: 'src-main/jobs/train/process.ts',
          trial: 'src-main/jobs/try/process.ts',
          evaluation: 'src-main/jobs/evaluate/process.ts',
          library: 'src-main/jobs/scan/process.ts',
          inspector: 'src-main/jobs/inspect/process.ts',
          proof: 'src-main/jobs/prove/process.ts',
          exporting: 'src-main/jobs/transfer/process.ts',
          lane: 'src-main/jobs/train/lane-thread.ts',
          decoder: 'src-main/images/decode/decoder-thread.ts',
          umap: 'src-main/inference/features/umap-thread.ts',
        },
        output: {
          format: 'cjs',
          entryFileNames: '[name].js',
          banner: ({ name }) => (name === 'cli' ? '#!/usr/bin/env node' : ''), // npm links `saim` to it
        },
      },
    },
  },
  preload: {
    plugins: [listPackages('preload')],
    build: {
      externalizeDeps,
      rollupOptions: { input: 'src-preload/index.ts', output: { format: 'cjs', entryFileNames: 'index.js' } },
    },
  },
  renderer: {
    root: 'src-renderer',
    base: './',
    plugins: [vue(), vuetify(), listPackages('renderer')],
    // Otherwise the dev server finds them one by one, and loads the page anew for each.
    optimizeDeps: { include: ['vuetify/components/*'] },
    build: {
      minify: true, // electron-vite leaves it out
      rollupOptions: { input: resolve('src-renderer/index.html') },
    },
  },
}

export default process.env['SAIM_ELECTRON_22'] ? forElectron22(config) : config
