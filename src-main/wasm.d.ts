declare module '*?wasm' {
  /** A WebAssembly module in base64 (build/wasm.mjs). */
  const base64: string
  export default base64
}

declare module '@cornerstonejs/codec-libjpeg-turbo-8bit/decodewasmjs' {
  /** Throws a number where a file can not be decoded. */
  export interface JPEGDecoder {
    /** Where to put a file of so many bytes. */
    getEncodedBuffer(length: number): Uint8Array
    decode(): void
    getFrameInfo(): { width: number; height: number }
    /** [height, width, 3], overwritten by the next image. */
    getDecodedBuffer(): Uint8ClampedArray
  }
  export default function createCodec(options: {
    wasmBinary: Uint8Array
  }): Promise<{ JPEGDecoder: new () => JPEGDecoder }>
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
