import type { Plugin } from 'vite'

export const wasm: Plugin
