import { centred, type CropOf, type ImageList, loadCrops } from '#images/crops'
import { Decoders } from '#images/decode/decoders'
import type { NamedTensorData } from '#model/tensor/step'
import { messagesRead } from '#platform/background'
import { rowsAt } from './rows'

/** What a program made of some images of a list. Those that could not be read are left out. */
export interface Outputs {
  /** The places in the list of the images that were read, ascending. */
  places: number[]
  /** Each output's rows for them, [places.length, ...]. */
  rows: Record<string, Float32Array>
  unreadable: { path: string; reason: string }[]
  /** Images of the list that are done, these among them. */
  done: number
}

interface Batching {
  /** Side of the images in pixels. */
  size: number
  /** Images at once, always as many. */
  batch: number
  /** The part of an image that is read; its largest square where not given. */
  cropOf?: CropOf | undefined
  /** Asked before each batch; ends the loop. */
  stopped?: (() => boolean) | undefined
}

/**
 * Runs a program over images in their order, while threads decode the next ones. `run` gets pixels
 * [batch, size, size, 3], normalised, and the images' places in the list; its outputs are [batch, ...]. The last batch is
 * filled up with its first image. Between batches messages are let in. Leaving the loop ends the threads.
 */
export async function* overImages(
  { folder, images, statistics, decoders }: ImageList,
  { size, batch, cropOf = centred, stopped }: Batching,
  run: (pixels: Float32Array, places: number[]) => Promise<NamedTensorData>,
): AsyncGenerator<Outputs> {
  if (images.length === 0) return
  const threads = new Decoders(decoders, statistics)
  const load = (first: number) =>
    loadCrops(threads, folder, images.slice(first, first + batch), size, (image, i) =>
      cropOf(image, first + i, size),
    )
  try {
    let next = load(0)
    for (let first = 0; first < images.length && !stopped?.(); first += batch) {
      const { pixels, reasons } = await next
      const done = Math.min(first + batch, images.length)
      if (done < images.length) next = load(done)
      const places = Array.from({ length: batch }, (_, b) => (first + b < done ? first + b : first))
      const outputs = await run(filledUp(pixels, reasons.length, batch), places)
      const readable = [...reasons.keys()].filter((b) => reasons[b] === null)
      yield {
        places: readable.map((b) => first + b),
        rows: Object.fromEntries(
          Object.entries(outputs).map(([name, { values }]) => [
            name,
            rowsAt(values as Float32Array, values.length / batch, readable),
          ]),
        ),
        unreadable: reasons.flatMap((reason, b) =>
          reason === null ? [] : [{ path: images[first + b]!.path, reason }],
        ),
        done,
      }
      await messagesRead()
    }
  } finally {
    await threads.close()
  }
}

/** `count` images and the first of them again, until there are as many as a batch has. */
function filledUp(pixels: Float32Array, count: number, batch: number): Float32Array {
  if (count === batch) return pixels
  const first = pixels.subarray(0, pixels.length / count)
  return joined([pixels, ...Array.from({ length: batch - count }, () => first)])
}

/** Arrays one after the other in one. */
export function joined(parts: Float32Array[]): Float32Array {
  const whole = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0))
  let end = 0
  for (const part of parts) {
    whole.set(part, end)
    end += part.length
  }
  return whole
}
