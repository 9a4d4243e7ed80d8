/**
 * The floors of the house, lowest first: what each holds, which lower floors it may import, and which packages beside those
 * that every floor may. The linter (.dependency-cruiser.mjs) keeps it, `npm run docs` writes it into CONTRIBUTING.md.
 */
export const layers = [
  {
    folder: 'src-shared',
    holds: 'settings and contract, errors, random numbers; no Node, no DOM',
    imports: [],
    packages: ['zod', '@mdi/js'],
  },
  {
    folder: 'src-main/platform',
    holds: 'environment variables, folders of the application, child processes',
    imports: ['src-shared'],
    packages: ['node', 'env-paths'],
  },
  {
    folder: 'src-main/model/tensor',
    holds: 'tfjs-core, operations with gradients of their own, step functions',
    imports: ['src-shared'],
    packages: ['@tensorflow/tfjs-core'],
  },
  {
    folder: 'src-main/model',
    holds: 'the mathematics: vit, objectives, optimizers, augment, heads; no Node',
    imports: ['src-shared', 'src-main/model/tensor'],
    packages: [],
  },
  {
    folder: 'src-main/engine',
    holds: 'the graph of a step, its passes, and the engines that run it',
    imports: ['src-shared', 'src-main/platform', 'src-main/model/tensor'],
    packages: ['node', 'protobufjs', 'zod'],
  },
  {
    folder: 'src-main/formats',
    holds: 'files of other programs: safetensors, torch, npy, parquet, onnx, tfjs',
    imports: ['src-shared', 'src-main/model', 'src-main/engine'],
    packages: ['node', 'yauzl', 'fflate', 'hyparquet-writer'],
  },
  {
    folder: 'src-main/storage',
    holds: 'the folders of runs, evaluations and experiments; checkpoints, records, locks, disk',
    imports: ['src-shared', 'src-main/platform', 'src-main/model', 'src-main/formats'],
    packages: ['node', 'zod'],
  },
  {
    folder: 'src-main/images',
    holds: 'the index of a data set, decoding, batches, manifests, masks',
    imports: ['src-shared', 'src-main/platform', 'src-main/model', 'src-main/formats', 'src-main/storage'],
    packages: ['node', 'sharp', '@julusian/jpeg-turbo', 'fast-png'],
  },
  {
    folder: 'src-main/inference',
    holds: 'what a checkpoint makes of images: features, neighbours, pictures of what it sees',
    imports: [
      ...['src-shared', 'src-main/platform', 'src-main/model', 'src-main/engine'],
      ...['src-main/formats', 'src-main/storage', 'src-main/images'],
    ],
    packages: ['node', 'zod', 'sharp', 'ml-kmeans', 'ml-matrix', 'ml-pca', 'umap-js'],
  },
  {
    folder: 'src-main/jobs',
    holds: 'a folder for each child process: train, try, scan, inspect, evaluate, transfer, prove',
    imports: [
      ...['src-shared', 'src-main/platform', 'src-main/model', 'src-main/engine', 'src-main/formats'],
      ...['src-main/storage', 'src-main/images', 'src-main/inference'],
    ],
    packages: ['node', 'zod', 'birpc', 'sharp'],
  },
  {
    folder: 'src-main/app',
    holds: 'what every host offers: runs, queue, data sets, evaluations, exports',
    imports: [
      ...['src-shared', 'src-main/platform', 'src-main/model', 'src-main/engine'],
      ...['src-main/storage', 'src-main/images', 'src-main/inference', 'src-main/jobs'],
    ],
    packages: ['node', 'zod', 'birpc'],
  },
  {
    folder: 'src-main/desktop',
    holds: 'Electron: window, menu, protocol, updates, the log, other machines',
    imports: ['src-shared', 'src-main/platform', 'src-main/storage', 'src-main/app'],
    packages: ['node', 'zod', 'electron', 'electron-log', 'electron-updater'],
  },
  {
    folder: 'src-main/server',
    holds: 'the contract over HTTP and WebSocket',
    imports: ['src-shared', 'src-main/platform', 'src-main/app'],
    packages: ['node', 'ws'],
  },
  {
    folder: 'src-main/cli',
    holds: 'a file for each command: flags, what it does and answers, and the words for that',
    imports: [
      ...['src-shared', 'src-main/platform', 'src-main/model', 'src-main/engine', 'src-main/storage'],
      ...['src-main/images', 'src-main/inference', 'src-main/jobs', 'src-main/app', 'src-main/server'],
    ],
    packages: ['node', 'commander', 'cli-progress', 'yaml', 'zod'],
  },
  {
    folder: 'src-preload',
    holds: 'hands the contract to the window, nothing else',
    imports: [],
    packages: ['electron'],
  },
  {
    folder: 'src-renderer',
    holds: 'the window: shell, ui, and a folder for each feature with page, store and parts',
    imports: ['src-shared'],
    packages: ['vue', 'vue-router', 'pinia', 'vuetify', 'chart.js', '@mdi/js', 'birpc', 'zod', '@fontsource-variable/inter'], // prettier-ignore
  },
]

/** Packages that only some files may import, beside what `packages` says of their floor. */
export const onlyIn = {
  electron: ['src-main/desktop', 'src-preload'],
  libsql: ['src-main/images/index'],
  'onnxruntime-node': ['src-main/engine/onnx'],
  '@tensorflow/tfjs-core': ['src-main/model/tensor', 'src-main/engine/graph'],
  '@tensorflow/tfjs-node-gpu': ['src-main/engine/tensorflow'],
  '@tensorflow/tfjs-backend-cpu': [
    'src-main/jobs/prove/prove.ts',
    'src-main/jobs/transfer/export/tfjs-run.ts',
  ],
  '@tensorflow/tfjs-converter': ['src-main/jobs/transfer/export/tfjs-run.ts'],
}
