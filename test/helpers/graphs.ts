import { createHash } from 'node:crypto'
import { encodeModel } from '#engine/onnx/encode'
import type { Graph } from '#engine/graph/ir'
import { type Pass, passes, rewrite } from '#engine/graph/passes/index'
import { trace } from '#engine/graph/trace'
import { encodeSavedModel } from '#engine/tensorflow/saved-model'
import { writeStep } from '#engine/tensorflow/write-step'
import { mapValues, type StepFunction, type TensorSpec } from '#model/tensor/step'
import { type Vectors, vectorSizes, withVectors } from '#model/tensor/vectors'
import { meanName, varianceName } from '#model/optimizers/adamw'
import { classifierWeights, fineTuneInputs, fineTuneRates, fineTuneStep } from '#model/heads/classifier'
import {
  accumulateInputs,
  accumulateStep,
  laneSpecs,
  noGradients,
  updateStep,
} from '#engine/split/accumulate'
import {
  imageInputs,
  lossAndGradients,
  rateInputs,
  reconstructStep,
  trainInputs,
  trainStep,
  update,
  validationStep,
} from '#model/objectives/pretrain'
import { byteInputs, ofBytes } from '#model/augment/normalise'
import { packWeights, withMomentVectors } from '#model/optimizers/packing'
import { probeInputs, probeState, probeStep } from '#model/heads/probe'
import { imageNetStatistics } from '#shared/image-net'
import { evaluationKinds } from '#shared/settings/evaluation'
import type { Hyperparameters } from '#shared/settings/hyperparameters'
import { weightShapes } from '#model/objectives/index'

type Specs = Record<string, TensorSpec>

/** A step as an engine is given it. */
interface Step {
  step: StepFunction
  state: Specs
  inputs: Specs
  vectors?: Vectors
}

const classes = 5

/** Every kind of step that the product computes for a model. */
export function stepsOf(h: Hyperparameters, vectorSize: number): Record<string, Step> {
  const shapes = weightShapes(h)
  const weights = mapValues(shapes, float)
  const moments = momentsOf(weights)
  const vectors = packWeights(shapes, vectorSize)
  const sizes = vectorSizes(shapes, vectors)
  const gradients = mapValues(noGradients(sizes), ({ shape }) => float(shape))
  const state = { ...weights, ...moments, ...gradients }
  const named = withMomentVectors(vectors)
  const tuning = evaluationKinds.finetune.schema.parse({ batchSize: h.batchSize })
  const pretrained = mapValues(shapes, (shape) => ({ shape, values: new Float32Array(0) }))
  const tuned = mapValues(
    classifierWeights(pretrained, h, { ...tuning, size: h.imageSize, classes }),
    ({ shape }) => float(shape),
  )
  return {
    train: {
      step: ofBytes(trainStep(h), imageNetStatistics),
      state: { ...weights, ...moments },
      inputs: byteInputs(trainInputs(h)),
    },
    'train in branches': {
      step: ofBytes(trainStep(h, 2), imageNetStatistics),
      state: { ...weights, ...moments },
      inputs: byteInputs(trainInputs(h)),
    },
    accumulate: {
      step: ofBytes(
        accumulateStep(
          (weights, { images, order }) => lossAndGradients(h, weights, images!, order!, 0.5),
          vectors,
        ),
        imageNetStatistics,
      ),
      state,
      inputs: { ...byteInputs(imageInputs(h)), ...accumulateInputs },
      vectors: named,
    },
    update: {
      step: updateStep(
        (weights, gradients, { learningRate, step }) => update(h, weights, gradients, learningRate!, step!),
        vectors,
        1,
      ),
      state,
      inputs: { ...rateInputs, ...laneSpecs(sizes, 1) },
      vectors: named,
    },
    validate: { step: validationStep(h), state: weights, inputs: imageInputs(h) },
    reconstruct: { step: reconstructStep(h), state: weights, inputs: imageInputs(h) },
    'fine-tune': {
      step: ofBytes(fineTuneStep(h, tuning, Object.keys(tuned)), imageNetStatistics),
      state: { ...tuned, ...momentsOf(tuned) },
      inputs: byteInputs({ ...fineTuneInputs(h, tuning, h.imageSize, classes), ...fineTuneRates }),
    },
    probe: {
      step: probeStep(evaluationKinds.probe.schema.parse({})),
      state: mapValues(probeState(h.width, classes, 0), ({ shape }) => float(shape)),
      inputs: probeInputs(h.batchSize, h.width, classes),
    },
  }
}

const float = (shape: number[]): TensorSpec => ({ shape, dtype: 'float32' })

const momentsOf = (weights: Specs): Specs =>
  Object.fromEntries(
    [meanName, varianceName].flatMap((nameOf) =>
      Object.entries(weights).map(([name, spec]) => [nameOf(name), spec]),
    ),
  )

/** What each writer makes of a model's steps, as checksums of its bytes: `<writer> <step>` -> checksum. */
export function graphHashes(h: Hyperparameters): Record<string, string> {
  const hashes: Record<string, string> = {}
  for (const [name, each] of Object.entries(stepsOf(h, 2 ** 18))) {
    // On the host vectors are values of the state themselves; on a device they are joined from their tensors.
    const traced = (step: StepFunction, vectors: Record<string, number>) =>
      rewrite(
        trace(step, { ...each.state, ...mapValues(vectors, (n) => float([n])) }, each.inputs).graph,
        passes.fused,
      )
    const apart = traced(withVectors(each.step, each.vectors ?? {}), {})
    const onHost = each.vectors ? traced(each.step, vectorSizesOf(h, each)) : apart
    const onnx = (graph: Graph) => hash(encodeModel(graph))
    const further = (before: Graph, target: Pass[]) =>
      onnx(rewrite(before, target.slice(passes.fused.length)))
    hashes[`onnx cpu ${name}`] = further(onHost, passes.cpu)
    hashes[`onnx fused ${name}`] = onnx(apart)
    hashes[`onnx lowered ${name}`] = further(apart, passes.lowered)
  }
  for (const [name, { step, state, inputs, vectors = {} }] of Object.entries(stepsOf(h, 0)))
    for (const [kind, options] of Object.entries(tensorflowForms))
      hashes[`tensorflow ${kind} ${name}`] = hash(
        encodeSavedModel(writeStep(withVectors(step, vectors), state, inputs, options).graph),
      )
  return hashes
}

const tensorflowForms = {
  composed: { precision: 'float32', hasOwnKernels: false, usesGpu: false },
  'own kernels': { precision: 'float32', hasOwnKernels: true, usesGpu: false },
  bfloat16: { precision: 'bfloat16', hasOwnKernels: true, usesGpu: false },
} as const

function vectorSizesOf(h: Hyperparameters, { vectors }: Step): Record<string, number> {
  const sizes = vectorSizes(weightShapes(h), packWeights(weightShapes(h), 2 ** 18))
  return Object.fromEntries(Object.keys(vectors!).map((name) => [name, sizes[name.replace(/^.*\//, '')]!]))
}

const hash = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex').slice(0, 16)
