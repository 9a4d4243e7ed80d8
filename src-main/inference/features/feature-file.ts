import { type FileHandle, open } from 'node:fs/promises'
import { fromFloat16, toFloat16 } from '#formats/floats'

/** The number that each half stands for: looked up many times faster than computed. */
const halves = fromFloat16(new Uint8Array(Uint16Array.from({ length: 65536 }, (_, bits) => bits).buffer))
/** Rows that are in memory at once. */
const portion = 8192

/** Rows of features of one width in a file: halves, row by row. Any row can be written at any time. */
export class FeatureFile {
  private constructor(
    private readonly handle: FileHandle,
    readonly width: number,
  ) {}

  static readonly toWrite = async (file: string, width: number) =>
    new FeatureFile(await open(file, 'r+').catch(() => open(file, 'wx+')), width)
  static readonly toRead = async (file: string, width: number) => new FeatureFile(await open(file), width)

  close = () => this.handle.close()

  /** How many rows there are, those counted that nobody wrote. */
  rows = async () => Math.floor((await this.handle.stat()).size / (2 * this.width))

  /** Writes some rows [rows.length, width], each at its number. */
  async write(rows: number[], values: Float32Array): Promise<void> {
    const written = toFloat16(values)
    for (const [i, row] of rows.entries())
      await this.handle.write(
        new Uint8Array(written.buffer, 2 * i * this.width, 2 * this.width),
        0,
        2 * this.width,
        2 * row * this.width,
      )
  }

  /** Some rows, [rows.length, width]. */
  async read(rows: number[]): Promise<Float32Array> {
    const values = new Float32Array(rows.length * this.width)
    for (const [i, row] of rows.entries())
      (await this.part(row, 1)).forEach((half, k) => (values[i * this.width + k] = halves[half]!))
    return values
  }

  /** All rows, [rows, width]. */
  async all(): Promise<Float32Array> {
    return Float32Array.from(await this.part(0, await this.rows()), (half) => halves[half]!)
  }

  /** The product of every row with a vector, a part of the file at a time. */
  async products(vector: Float32Array): Promise<Float32Array> {
    const { width } = this
    const found = new Float32Array(await this.rows())
    for (let first = 0; first < found.length; first += portion) {
      const count = Math.min(portion, found.length - first)
      const values = await this.part(first, count)
      for (let row = 0, at = 0; row < count; row++) {
        let sum = 0
        for (let i = 0; i < width; i++) sum += halves[values[at++]!]! * vector[i]!
        found[first + row] = sum
      }
    }
    return found
  }

  private async part(first: number, count: number): Promise<Uint16Array> {
    const values = new Uint16Array(count * this.width)
    const bytes = new Uint8Array(values.buffer)
    for (let read = 0; read < bytes.length;) {
      const at = 2 * first * this.width + read
      const { bytesRead } = await this.handle.read(bytes, read, bytes.length - read, at)
      if (bytesRead === 0) throw new Error('The file of features ends too early.')
      read += bytesRead
    }
    return values
  }
}
