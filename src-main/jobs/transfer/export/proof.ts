import { readdir } from 'node:fs/promises'
import path from 'node:path'
import { type ExportFormat, type ProofCheck, proofTolerance } from '#shared/contract'
import { AppError } from '#shared/errors'
import { createEngine } from '#engine/engines'
import { onnxruntime } from '#engine/onnx/runtime'
import { readWeights } from '#formats/weights-file'
import type { NamedTensorData } from '#model/tensor/step'
import { formats, type Source } from './formats'
import { isEncoderName } from '#model/vit/encoder'
import type { ImageModel } from '#inference/image-model'
import { pythonOutputs } from './python'
import { type FloatTensors, largestDifference } from '#formats/tensors'
import { tfjsOutputs } from './tfjs-run'

/** tfjs without a GPU takes a minute for an image of the paper's model. */
const tfjsImages = 2

/**
 * Reads the files of an export back and compares their outputs on `images` [B, S, S, 3] with those of its source.
 * Throws AppError export-differs where they differ by more than the tolerance.
 */
export async function prove(
  folder: string,
  format: ExportFormat,
  { model, weights }: Source,
  images: Float32Array,
  say: (text: string) => void,
): Promise<ProofCheck[]> {
  const size = model.imageSize
  const length = size ** 2 * 3
  const count = images.length / length
  const planes = channelsFirst(images, count)
  const truth = await outputsOf(model, weights, images)
  const checks: ProofCheck[] = []
  const compare = (library: string, outputs: NamedTensorData, of = count) =>
    checks.push({ library, images: of, difference: largestDifference(firstOf(truth, of / count), outputs) })

  const written = formats[format].weights
  if (written) {
    say('Reading the weights back and comparing in onnxruntime')
    const { tensors } = await readWeights(path.join(folder, written.file))
    compare('onnxruntime', await outputsOf(model, encoderOf(written.layout.read(tensors)), images))
  } else if (format === 'tfjs') {
    const few = Math.min(tfjsImages, count)
    say('Comparing in TensorFlow.js')
    const part = images.slice(0, few * length)
    compare('TensorFlow.js', await tfjsOutputs(folder, model, part), few)
  } else {
    say('Comparing in onnxruntime, with batches of several sizes')
    const file = (await readdir(folder)).find((name) => name.endsWith('.onnx'))!
    const { InferenceSession, Tensor } = onnxruntime()
    const session = await InferenceSession.create(path.join(folder, file))
    for (const batch of [...new Set([1, Math.min(3, count), count])]) {
      const shape = [batch, 3, size, size]
      const part = new Tensor('float32', planes.slice(0, batch * length), shape)
      const results = await session.run({ images: part })
      const outputs = Object.entries(results).map(([name, { data, dims }]) => [
        name,
        { shape: [...dims], values: data as Float32Array },
      ])
      compare(`onnxruntime, batch ${batch}`, Object.fromEntries(outputs), batch)
    }
    await session.release()
  }

  if (format !== 'tfjs') {
    say('Running example.py in Python')
    const python = await pythonOutputs(folder, model, planes)
    if ('reason' in python)
      checks.push({ library: 'example.py', images: 0, difference: null, reason: python.reason })
    else compare(`example.py with ${python.library}`, python.outputs)
  }
  const worst = checks.find(({ difference }) => difference !== null && !(difference <= proofTolerance))
  if (worst)
    throw new AppError(
      'export-differs',
      `The exported files do not give the run’s outputs: they differ by ${worst.difference} in ${worst.library}.`,
      'Do not use them. Please report this with the log of the run.',
    )
  return checks
}

const encoderOf = (weights: FloatTensors): FloatTensors =>
  Object.fromEntries(Object.entries(weights).filter(([name]) => isEncoderName(name)))

/** The outputs of a model with weights under our names. */
async function outputsOf(
  { imageSize, step }: ImageModel,
  weights: FloatTensors,
  images: Float32Array,
): Promise<NamedTensorData> {
  const engine = await createEngine('onnxruntime-cpu', { threads: 0 })
  const state = engine.createState(weights)
  const batch = images.length / (imageSize ** 2 * 3)
  const program = await engine.compile(step, state, {
    images: { shape: [batch, imageSize, imageSize, 3], dtype: 'float32' },
  })
  const outputs = await program.run({ images })
  await program.dispose()
  state.dispose()
  return outputs
}

/** The outputs of the first images of a batch. */
const firstOf = (outputs: NamedTensorData, share: number): NamedTensorData =>
  Object.fromEntries(
    Object.entries(outputs).map(([name, { shape, values }]) => [
      name,
      { shape, values: values.slice(0, values.length * share) },
    ]),
  )

/** [B, S, S, 3] -> [B, 3, S, S]. */
function channelsFirst(images: Float32Array, count: number): Float32Array {
  const pixels = images.length / count / 3
  const result = new Float32Array(images.length)
  for (let b = 0; b < count; b++)
    for (let i = 0; i < pixels; i++)
      for (let c = 0; c < 3; c++) result[(b * 3 + c) * pixels + i] = images[(b * pixels + i) * 3 + c]!
  return result
}
