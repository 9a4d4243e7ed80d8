import { isOldElectron } from '../electron.mjs'

/**
 * What is packaged, for electron-builder (docs/packaging.md). ELECTRON_OVERRIDE_DIST_PATH names an Electron that is here
 * already; SAIM_UPDATES_URL the place where new versions are published, without which the application never asks.
 */
const updates = process.env.SAIM_UPDATES_URL

/** Native code that npm brings for other systems too, and what only compiles or installs. */
const otherSystems = [
  '!node_modules/onnxruntime-node/bin/**',
  'node_modules/onnxruntime-node/bin/napi-v6/${platform}/${arch}/**',
  '!node_modules/onnxruntime-node/{lib,script}/**',
  '!node_modules/@julusian/jpeg-turbo/{src,prebuilds}/**',
  'node_modules/@julusian/jpeg-turbo/prebuilds/jpeg-turbo-${platform}-${arch}/**',
  '!node_modules/{cmake-js,node-addon-api}/**',
  '!node_modules/@libsql/*-musl/**',
  '!node_modules/@img/*linuxmusl*/**',
]

/** @type {import('electron-builder').Configuration} */
export default {
  appId: 'studio.saim.app',
  productName: 'SAIM Studio',
  copyright: 'The SAIM Studio authors, MIT licence',
  directories: { output: 'dist', buildResources: 'dist/resources' },
  electronDist: process.env.ELECTRON_OVERRIDE_DIST_PATH,
  electronLanguages: ['en-US'],
  npmRebuild: false,
  files: [
    'out/**',
    '!out/**/*.map',
    '!out/packages',
    'resources/**',
    'package.json',
    'LICENSE',
    ...otherSystems,
  ],
  // Native code, and what is read by native code, must be files of their own.
  asarUnpack: ['node_modules/**', 'resources/**', 'out/tensorflow-addon/**'],
  extraFiles: [{ from: 'dist/resources/THIRD-PARTY-LICENCES.txt', to: 'THIRD-PARTY-LICENCES.txt' }],
  // Workers are utility processes and threads: nothing needs the binary as Node.
  electronFuses: {
    runAsNode: false,
    enableNodeOptionsEnvironmentVariable: false,
    enableNodeCliInspectArguments: false,
    enableEmbeddedAsarIntegrityValidation: true,
    onlyLoadAppFromAsar: true,
    enableCookieEncryption: true,
    loadBrowserProcessSpecificV8Snapshot: false,
    // Electron 22, which the tests package, has no such fuse yet.
    ...(isOldElectron('.') ? {} : { grantFileProtocolExtraPrivileges: false }),
  },
  publish: updates ? { provider: 'generic', url: updates } : null,

  linux: {
    target: ['AppImage', 'deb', 'rpm', 'tar.gz'],
    executableName: 'saim-studio',
    syncDesktopName: true,
    icon: 'icon.svg',
    category: 'Science',
    synopsis: 'Self-supervised learning from images, on your own machine',
    mimeTypes: ['inode/directory'],
  },
  deb: { fpm: ['dist/resources/saim=/usr/bin/saim'] },
  rpm: { fpm: ['dist/resources/saim=/usr/bin/saim'] },
  win: { target: ['nsis'], icon: 'icon.ico' },
  nsis: {
    oneClick: false,
    perMachine: false,
    allowToChangeInstallationDirectory: true,
    include: 'build/package/folders.nsh',
  },
  mac: {
    target: ['dmg', 'zip'],
    icon: 'icon.icns',
    category: 'public.app-category.developer-tools',
    hardenedRuntime: true,
    extendInfo: {
      CFBundleDocumentTypes: [
        {
          CFBundleTypeName: 'Folder',
          CFBundleTypeRole: 'Viewer',
          LSHandlerRank: 'Alternate',
          LSItemContentTypes: ['public.folder'],
        },
      ],
    },
  },
}
