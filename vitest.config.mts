import { resolve } from 'node:path'
import { defineConfig } from 'vitest/config'
import { wasm } from './build/wasm.mjs'

const project = (name: string, include: string[], testTimeout: number) => ({
  plugins: [wasm],
  test: {
    name,
    include,
    testTimeout,
    // Where build/setup.mjs installs TensorFlow for the tests.
    env: { SAIM_ENGINES: resolve('.cache/engines') },
    hookTimeout: testTimeout,
    server: { deps: { inline: [/@tensorflow\/tfjs-(core|backend)/, /codec-libjpeg-turbo/] } },
  },
})

export default defineConfig({
  test: {
    reporters: ['default', './test/helpers/closing-line.ts'],
    fileParallelism: false,
    projects: [
      project('unit', ['src-*/**/*.test.ts', 'build/**/*.test.mjs'], 60_000),
      project('integration', ['test/integration/**/*.test.ts'], 300_000),
      project('faults', ['test/faults/**/*.test.ts'], 300_000),
      project('e2e', ['test/e2e/**/*.test.ts'], 600_000),
    ],
  },
})
