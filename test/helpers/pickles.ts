import { zipSync } from 'fflate'
import { Pickle } from '#formats/pytorch/pickle'

/** A .pth file as torch writes it: an archive that is not compressed. */
export const stored = (files: Record<string, Uint8Array>) => zipSync(files, { level: 0 })

export interface Described {
  shape: number[]
  strides: number[]
  offset?: number
  key?: string
}

/** A pickle of tensors by their names, of storages of float32. */
export function pickled(
  tensors: Record<string, Described>,
  extras: (pickle: Pickle) => void = () => undefined,
) {
  const pickle = new Pickle()
  const numbers = (values: number[]) => pickle.tuple(() => values.forEach((n) => pickle.integer(n)))
  pickle.dictionary(() => {
    for (const [name, { shape, strides, offset = 0, key = '0' }] of Object.entries(tensors)) {
      pickle.text(name).global('torch._utils', '_rebuild_tensor_v2')
      pickle.tuple(() => {
        pickle.tuple(() =>
          pickle.text('storage').global('torch', 'FloatStorage').text(key).text('cpu').integer(1),
        )
        pickle.persistent().integer(offset)
        numbers(shape)
        numbers(strides)
        pickle.boolean(false)
      })
      pickle.call()
    }
    extras(pickle)
  })
  return pickle.finish()
}

export const floats = (...values: number[]) => new Uint8Array(Float32Array.from(values).buffer)
