import { resolve } from 'node:path'
import { defineConfig } from 'vitest/config'
import { wasm } from './build/wasm.mjs'

const tfjs = [
  '@tensorflow/tfjs-core/dist/index.js',
  '@tensorflow/tfjs-core/dist/public/chained_ops/register_all_chained_ops',
  '@tensorflow/tfjs-core/dist/register_all_gradients',
  '@tensorflow/tfjs-backend-cpu/dist/index.js',
]

/** Tests of one kind, `workers` files at a time (vitest would leave a core free); kinds run one after the other. */
const project = (
  name: string,
  include: string[],
  testTimeout: number,
  order: number,
  workers: number,
  more: { isolate?: boolean; setupFiles?: string[] } = {},
) => ({
  plugins: [wasm],
  resolve: {
    // Where bundlers read: main is another build.
    alias: [
      { find: /^@tensorflow\/(tfjs-core|tfjs-backend-cpu)$/, replacement: '@tensorflow/$1/dist/index.js' },
    ],
  },
  test: {
    name,
    include,
    testTimeout,
    maxWorkers: workers,
    sequence: { groupOrder: order },
    env: {
      // Where build/setup.mjs installs TensorFlow for the tests.
      SAIM_ENGINES: resolve('.cache/engines'),
      // Tests say which engine they mean; trying all of them at each start would take their time.
      SAIM_ENGINE: 'onnxruntime-cpu',
      // With CI one kind measures engines as long as they are measured for people.
      SAIM_PATIENCE: process.env['CI'] && name === 'integration' ? '1' : '0.1',
      // PyTorch's threads would wait for each other in turns where files share the cores.
      OMP_NUM_THREADS: '1',
    },
    hookTimeout: testTimeout,
    server: { deps: { inline: [/@tensorflow\/tfjs-(core|backend)/, /codec-libjpeg-turbo/] } },
    // The hundreds of files of tfjs as a few, once.
    deps: { optimizer: { ssr: { enabled: true, include: tfjs } } },
    ...more,
  },
})

export default defineConfig({
  test: {
    reporters: ['default', './test/helpers/closing-line.ts'],
    projects: [
      // A process for each file would cost more than the tests.
      project('unit', ['src-*/**/*.test.ts', 'build/**/*.test.mjs'], 60_000, 0, 2, {
        isolate: false,
        setupFiles: ['test/helpers/afresh.ts'],
      }),
      project('integration', ['test/integration/**/*.test.ts'], 300_000, 1, 2),
      project('faults', ['test/faults/**/*.test.ts'], 300_000, 2, 2),
      project('e2e', ['test/e2e/**/*.test.ts'], 600_000, 3, 2),
    ],
  },
})
