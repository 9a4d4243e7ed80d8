declare module '*?wasm' {
  /** A WebAssembly module in base64 (build/wasm.mjs). */
  const base64: string
  export default base64
}

/** The part of Node's WebAssembly that is used here; its types come with a browser's only. */
declare namespace WebAssembly {
  class Memory {
    constructor(size: { initial: number })
    readonly buffer: ArrayBuffer
    /** By pages of 64 KiB. */
    grow(pages: number): number
  }
  const Module: new (bytes: Uint8Array) => object
  const Instance: new (
    module: object,
    imports: { env: { memory: Memory } },
  ) => { exports: Record<string, unknown> }
}
