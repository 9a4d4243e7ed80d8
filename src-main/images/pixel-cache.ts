import { closeSync, mkdirSync, openSync, readSync, rmSync, writeSync } from 'node:fs'
import { freemem } from 'node:os'
import path from 'node:path'

/** Where the pixels of an image are kept, for all threads of the process. */
export interface Slot {
  /** In memory, or in an open file from a place on. */
  at: SharedArrayBuffer | { file: number; position: number }
  bytes: number
  /** 1 once they are there: a flag of all threads. */
  filled: Uint8Array
}

/** Bytes to keep at most. */
export interface CacheLimits {
  memory: number
  disk: number
}

/**
 * Decoded images, reduced as the loader reduces them, so that a batch is the same with and without. Those that find no
 * room in memory go to a file, where they were reduced: reading is faster than decoding only then. Nothing is thrown
 * out: images come once an epoch, so that any that fits serves as well as another.
 */
export class PixelCache {
  private readonly slots = new Map<number, Slot>()
  private readonly used: CacheLimits = { memory: 0, disk: 0 }
  private file: number | null = null

  /** `folder` is where the file is. */
  constructor(
    private readonly limits: CacheLimits,
    private readonly folder: string,
  ) {}

  /** The slot of an image of so many bytes; undefined where there is no room. */
  slot(image: number, bytes: number, reduced: boolean): Slot | undefined {
    const known = this.slots.get(image)
    const at = known?.at ?? this.room(bytes, reduced)
    if (known || !at) return known
    const slot = { at, bytes, filled: new Uint8Array(new SharedArrayBuffer(1)) }
    this.slots.set(image, slot)
    return slot
  }

  close(): void {
    if (this.file !== null) closeSync(this.file)
  }

  private room(bytes: number, reduced: boolean): Slot['at'] | null {
    if (this.used.memory + bytes <= this.limits.memory) {
      this.used.memory += bytes
      return new SharedArrayBuffer(bytes)
    }
    if (!reduced || this.used.disk + bytes > this.limits.disk) return null
    this.file ??= openNameless(this.folder)
    const position = this.used.disk
    this.used.disk += bytes
    return { file: this.file, position }
  }
}

/** A file without a name, which ends with the process, however that ends. */
function openNameless(folder: string): number {
  mkdirSync(folder, { recursive: true })
  const name = path.join(folder, `pixels-${process.pid}`)
  const file = openSync(name, 'w+')
  rmSync(name)
  return file
}

/** The pixels of a slot; null where they are not there yet. */
export function readSlot({ at, bytes, filled }: Slot): Uint8Array | null {
  if (!Atomics.load(filled, 0)) return null
  if (at instanceof SharedArrayBuffer) return new Uint8Array(at)
  const pixels = new Uint8Array(bytes)
  return readSync(at.file, pixels, 0, bytes, at.position) === bytes ? pixels : null
}

/** Keeps pixels. On a full disk they are not kept. */
export function fillSlot({ at, bytes, filled }: Slot, pixels: Uint8Array): void {
  if (at instanceof SharedArrayBuffer) new Uint8Array(at).set(pixels)
  else
    try {
      if (writeSync(at.file, pixels, 0, bytes, at.position) < bytes) return
    } catch {
      return
    }
  Atomics.store(filled, 0, 1)
}

/**
 * How much to keep. `megabytes` of memory null chooses: a quarter of the free memory, at most 4 GB, where images come more
 * than once; then on disk a quarter of what is free there, at most 50 GB.
 */
export function cacheLimits(megabytes: number | null, epochs: number, freeDisk: number | null): CacheLimits {
  if (megabytes !== null) return { memory: megabytes * 1e6, disk: 0 }
  if (epochs <= 1) return { memory: 0, disk: 0 }
  return { memory: Math.min(freemem() / 4, 4e9), disk: Math.min((freeDisk ?? 0) / 4, 50e9) }
}
