import '@tensorflow/tfjs-backend-cpu'
import { loadGraphModel } from '@tensorflow/tfjs-converter'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import type { NamedTensorData } from '#model/tensor/step'
import * as tf from '#model/tensor/tf'
import type { ImageModel } from '#inference/image-model'

/** Loads the tfjs model of a folder by tfjs itself, with its plain JavaScript backend. images [B, S, S, 3]. */
export async function tfjsOutputs(
  folder: string,
  { imageSize: size, outputs: shapes }: ImageModel,
  images: Float32Array,
): Promise<NamedTensorData> {
  tf.enableProdMode() // no advice on the terminal
  const before = tf.getBackend()
  await tf.setBackend('cpu')
  const model = await loadGraphModel({ load: () => readArtifacts(folder) })
  const names = Object.keys(shapes)
  const pixels = tf.tensor(images, [images.length / (size ** 2 * 3), size, size, 3])
  const computed = model.execute({ images: pixels }, names) as tf.Tensor[]
  const outputs = names.map((name, i) => {
    const { shape } = computed[i]!
    return [name, { shape: [...shape], values: computed[i]!.dataSync() as Float32Array }]
  })
  model.dispose()
  if (before) await tf.setBackend(before)
  return Object.fromEntries(outputs)
}

async function readArtifacts(folder: string): Promise<tf.io.ModelArtifacts> {
  const { modelTopology, weightsManifest, ...rest } = JSON.parse(
    await readFile(path.join(folder, 'model.json'), 'utf8'),
  ) as tf.io.ModelJSON
  const paths = weightsManifest.flatMap((group) => group.paths)
  const shards = Buffer.concat(await Promise.all(paths.map((name) => readFile(path.join(folder, name)))))
  return {
    ...rest,
    modelTopology,
    weightSpecs: weightsManifest.flatMap((group) => group.weights),
    weightData: shards.buffer.slice(shards.byteOffset, shards.byteOffset + shards.length) as ArrayBuffer,
  }
}
