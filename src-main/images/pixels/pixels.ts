/** Pixels of sRGB, [height, width, 3] bytes. */
export interface Pixels {
  bytes: Uint8Array
  width: number
  height: number
}
