import { zipSync, type Zippable } from 'fflate'
import { sizeOf } from '#model/tensor/step'
import type { FloatTensors } from '#formats/tensors'
import { Pickle } from './pickle'

/** PyTorch begins each tensor at a multiple of this, so that files can be mapped into memory. */
const alignment = 64
const archive = 'saim'

/**
 * The bytes of a .pth file as torch.save writes {'model': state_dict, 'epoch': n}: a zip archive, not compressed, of a
 * pickle that describes the tensors and a file for each one's values.
 */
export function encodePth(tensors: FloatTensors, epoch: number): Uint8Array {
  const files: [string, Uint8Array][] = [
    ['data.pkl', describe(tensors, epoch)],
    ['byteorder', Buffer.from('little')],
    ...Object.values(tensors).map(({ values }, i): [string, Uint8Array] => [
      `data/${i}`,
      new Uint8Array(values.buffer, values.byteOffset, values.byteLength),
    ]),
    ['version', Buffer.from('3\n')],
  ]
  let place = 0
  const entries = files.map(([name, bytes]): [string, Zippable[string]] => {
    const header = 30 + archive.length + 1 + name.length + 4 // local file header, name, header of the padding
    const padding = (alignment - ((place + header) % alignment)) % alignment
    place += header + padding + bytes.length
    const extra = { 0x4246: new Uint8Array(padding).fill(0x5a) }
    return [`${archive}/${name}`, [bytes, { level: 0, extra, mtime: '1980-01-02' }]]
  })
  return zipSync(Object.fromEntries(entries))
}

function describe(tensors: FloatTensors, epoch: number): Uint8Array {
  const pickle = new Pickle()
  const ordered = () =>
    pickle
      .global('collections', 'OrderedDict')
      .tuple(() => undefined)
      .call()
  const numbers = (values: readonly number[]) => pickle.tuple(() => values.forEach((n) => pickle.integer(n)))

  const tensor = ({ shape, values }: FloatTensors[string], key: number) => {
    pickle.global('torch._utils', '_rebuild_tensor_v2').tuple(() => {
      pickle
        .tuple(() =>
          pickle
            .text('storage')
            .global('torch', 'FloatStorage')
            .text(String(key))
            .text('cpu')
            .integer(values.length),
        )
        .persistent()
        .integer(0)
      numbers(shape)
      numbers(strides(shape))
      pickle.boolean(false)
      ordered()
    })
    pickle.call()
  }
  pickle.dictionary(() => {
    pickle.text('model')
    ordered().items(() =>
      Object.entries(tensors).forEach(([name, value], key) => {
        pickle.text(name)
        tensor(value, key)
      }),
    )
    pickle.text('epoch').integer(epoch)
  })
  return pickle.finish()
}

/** Steps between neighbours along each axis of a row-major tensor. */
const strides = (shape: number[]) => shape.map((_, axis) => sizeOf(shape.slice(axis + 1)))
