import { resolve } from 'node:path'
import { defineConfig } from 'vitest/config'
import { wasm } from './build/wasm.mjs'

/** Tests of one kind, two files at a time (vitest would leave a core free). Kinds of one `order` run together. */
const project = (name: string, include: string[], testTimeout: number, order: number) => ({
  plugins: [wasm],
  test: {
    name,
    include,
    testTimeout,
    maxWorkers: 2,
    sequence: { groupOrder: order },
    env: {
      // Where build/setup.mjs installs TensorFlow for the tests.
      SAIM_ENGINES: resolve('.cache/engines'),
      // PyTorch's threads would wait for each other in turns where files share the cores.
      OMP_NUM_THREADS: '1',
    },
    hookTimeout: testTimeout,
    server: { deps: { inline: [/@tensorflow\/tfjs-(core|backend)/, /codec-libjpeg-turbo/] } },
  },
})

export default defineConfig({
  test: {
    reporters: ['default', './test/helpers/closing-line.ts'],
    projects: [
      project('unit', ['src-*/**/*.test.ts', 'build/**/*.test.mjs'], 60_000, 0),
      // The three kinds share two workers: while one waits for a window, another computes.
      project('integration', ['test/integration/**/*.test.ts'], 300_000, 1),
      project('faults', ['test/faults/**/*.test.ts'], 300_000, 1),
      project('e2e', ['test/e2e/**/*.test.ts'], 600_000, 1),
    ],
  },
})
