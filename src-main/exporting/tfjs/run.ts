import '@tensorflow/tfjs-backend-cpu'
import { loadGraphModel } from '@tensorflow/tfjs-converter'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import type { NamedTensorData } from '../../ops/step'
import * as tf from '../../ops/tf'
import { featureNames } from '../features'

/** Loads the tfjs model of a folder by tfjs itself, with its plain JavaScript backend. images [B, S, S, 3]. */
export async function tfjsFeatures(
  folder: string,
  images: Float32Array,
  shape: [number, number, number, number],
): Promise<NamedTensorData> {
  tf.enableProdMode() // no advice on the terminal
  const before = tf.getBackend()
  await tf.setBackend('cpu')
  const model = await loadGraphModel({ load: () => readArtifacts(folder) })
  const outputs = model.execute({ images: tf.tensor(images, shape) }, [...featureNames]) as tf.Tensor[]
  const features = featureNames.map((name, i) => {
    const { shape } = outputs[i]!
    return [name, { shape: [...shape], values: outputs[i]!.dataSync() as Float32Array }]
  })
  model.dispose()
  if (before) await tf.setBackend(before)
  return Object.fromEntries(features)
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
