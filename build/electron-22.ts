import { mergeConfig, type Plugin } from 'vite'
import type { UserConfig } from 'electron-vite'

/**
 * What only Electron 22 needs, on which the tests run where the one that ships cannot be had (build/electron-fixture.mjs): code for
 * Node 16 and Chromium 108, and the methods of arrays that Vuetify takes for granted.
 */
export const forElectron22 = (config: UserConfig): UserConfig =>
  mergeConfig(config, {
    main: { build: { target: 'node16' } },
    preload: { build: { target: 'node16' } },
    renderer: { build: { target: 'chrome108' }, plugins: [polyfills] },
  })

const polyfills: Plugin = {
  name: 'polyfills',
  transform: (code, id) =>
    id.endsWith('src-renderer/shell/before.ts')
      ? `${['reversed', 'sorted', 'spliced'].map((method) => `import 'core-js/es/array/to-${method}'\n`).join('')}${code}`
      : undefined,
}
