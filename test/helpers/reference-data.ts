import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import type { Engine } from '#engine/engine'
import { encodeSafetensors } from '#formats/safetensors'
import { images, readReference } from '#jobs/prove/pretraining'
import { orderOfNoise, withPlaces } from '#model/objectives/order'
import { patchCount } from '#shared/settings/hyperparameters'
import { trainInputs, trainStep } from '#model/objectives/pretrain'
import { withMoments } from '#model/optimizers/adamw'
import { warmUpThenCosine } from '#model/optimizers/schedule'
import type { Hyperparameters } from '#shared/settings/hyperparameters'
import { waves } from './reference'
import { temporaryFolder } from './runs'

const foldersIn = (root: string) => readdirSync(root).map((name) => path.join(path.resolve(root), name))

/** The folders of data that an independent implementation of pre-training computed. */
export const references = foldersIn('test/reference')

/** Those of fine-tuning and the linear probe. */
export const recipes = foldersIn('test/recipes')

/** By which they were trained: a step is an epoch, 4 of 10 warm up to a rate of 1e-3. */
export const referenceSchedule = ({ batchSize }: Pick<Hyperparameters, 'batchSize'>) => ({
  epochs: 10,
  warmupEpochs: 4,
  baseLearningRate: (1e-3 * 256) / batchSize,
})

/** A copy of a folder of reference data, trained by an engine for other steps with another warm-up. */
export async function retrained(
  from: string,
  engine: Engine,
  steps: number,
  warmup: number,
): Promise<string> {
  const reference = readReference(from)
  const { h, weights } = reference
  const count = patchCount(h)
  const noise = Float32Array.from({ length: steps * h.batchSize * count }, (_, i) => waves(1, i)[0]!)
  const schedule = { peak: 2e-3, minimum: 1e-4, warmupEpochs: warmup, epochs: steps }
  const rates = Array.from({ length: steps }, (_, step) => warmUpThenCosine(step, schedule))

  const state = engine.createState(withMoments(weights))
  const program = await engine.compile(trainStep(h), state, trainInputs(h))
  const losses: number[] = []
  for (const [step, rate] of rates.entries()) {
    const part = noise.subarray(step * h.batchSize * count, (step + 1) * h.batchSize * count)
    const { loss } = await program.run({
      images: images(reference),
      order: withPlaces(orderOfNoise(part, count), count),
      learningRate: Float32Array.of(rate),
      step: Float32Array.of(step + 1),
    })
    losses.push(loss!.values[0]!)
  }
  const after = await state.read(Object.keys(weights))
  await program.dispose()
  state.dispose()

  const folder = temporaryFolder()
  cpSync(from, folder, { recursive: true })
  const write = (name: string, tensors: Parameters<typeof encodeSafetensors>[0]) =>
    writeFileSync(path.join(folder, `${name}.safetensors`), Buffer.concat(encodeSafetensors(tensors)))
  write('training', { noise: { shape: [steps, h.batchSize, count], values: noise } })
  write('weights_after', after)
  const manifest = path.join(folder, 'manifest.json')
  const changed = { ...JSON.parse(readFileSync(manifest, 'utf8')), steps, losses, learning_rates: rates }
  writeFileSync(manifest, JSON.stringify(changed))
  return folder
}
