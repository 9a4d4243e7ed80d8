import type { FineTuneSettings, KnnSettings, ProbeSettings } from '#shared/settings/evaluation'
import type { Hyperparameters } from '#shared/settings/hyperparameters'
import type { NamedTensorData } from '#model/tensor/step'
import * as tf from '#model/tensor/tf'
import { classify } from '#model/heads/classifier'
import { headFeatures } from '#model/heads/features'
import { probeLogitsStep } from '#model/heads/probe'
import type { Weights } from '#model/vit/layers'
import { featuresStep, readingOf } from '#inference/features/features-step'
import type { ImageModel } from '#inference/image-model'
import type { FewShot } from '#inference/labels/few-shot'

/**
 * Classifiers of every kind as one kind of model: images [B, S, S, 3] -> logits and their softmax, probabilities, [B, classes]
 * each.
 */
const classifier = (
  imageSize: number,
  classes: number,
  logitsOf: (w: Weights, images: tf.Tensor) => tf.Tensor,
): ImageModel => ({
  imageSize,
  step(w, { images }) {
    const logits = logitsOf(w, images!)
    return { outputs: { logits, probabilities: tf.softmax(logits) } }
  },
  outputs: { logits: [classes], probabilities: [classes] },
})

/** What was fine-tuned. */
export const fineTunedModel = (
  h: Hyperparameters,
  settings: Pick<FineTuneSettings, 'pooling'>,
  { imageSize, classes }: { imageSize: number; classes: number },
): ImageModel => classifier(imageSize, classes, (w, images) => classify(w, h, settings, images))

/** What a frozen encoder sees of images, [B, C], as the probe and kNN are asked. */
function featuresOf(
  w: Weights,
  h: Hyperparameters,
  s: Pick<KnnSettings, 'block' | 'pooling'> & { layerNorm?: boolean },
  images: tf.Tensor,
): tf.Tensor {
  if (s.layerNorm) return headFeatures(w, h, s, images)
  const reading = readingOf[s.pooling]
  return featuresStep(h, [reading], s.block)(w, { images }).outputs[reading]!
}

/** A linear probe: its weights are those of the encoder and of `probeState`. */
export const probeModel = (h: Hyperparameters, s: ProbeSettings, classes: number): ImageModel =>
  classifier(
    h.imageSize,
    classes,
    (w, images) => probeLogitsStep(w, { features: featuresOf(w, h, s, images) }).outputs['logits']!,
  )

/** Rows [B, C] at length 1; one of zeros stays. */
const unit = (x: tf.Tensor) => x.div(x.square().sum(-1, true).sqrt().maximum(1e-12))

/** The least that a class is given, so that its logarithm is a number. */
const least = 1e-12

/**
 * Nearest neighbours in `bank` [rows, C], of length 1, whose classes are `classes` [rows, classes], each 1 in its own. As
 * `votes` counts them: each of the k nearest gives its class exp(similarity / temperature), here divided by what the nearest
 * gives.
 */
export const knnModel = (h: Hyperparameters, s: KnnSettings, rows: number, classes: number): ImageModel =>
  classifier(h.imageSize, classes, (w, images) =>
    logVotes(unit(featuresOf(w, h, s, images)), w['bank']!, w['classes']!, {
      ...s,
      neighbours: Math.min(s.neighbours, rows),
    }),
  )

/** The logarithm of each class's share of the votes for features [B, C] of length 1. */
export function logVotes(
  features: tf.Tensor,
  bank: tf.Tensor,
  classes: tf.Tensor,
  { neighbours, temperature }: Pick<KnnSettings, 'neighbours' | 'temperature'>,
): tf.Tensor {
  const similarities = tf.matMul(features, bank, false, true)
  const { values } = tf.topk(similarities, neighbours)
  const [nearest, farthest] = [values.slice([0, 0], [-1, 1]), values.slice([0, neighbours - 1], [-1, 1])]
  const weights = similarities.sub(nearest).div(temperature).minimum(0).exp()
  const given = weights.mul(similarities.greaterEqual(farthest).cast('float32'))
  const votes = tf.matMul(given, classes)
  return votes.div(votes.sum(-1, true)).maximum(least).log()
}

/** What `knnModel` takes beside the encoder. */
export const knnWeights = (
  bank: Float32Array,
  labels: ArrayLike<number>,
  classes: number,
): NamedTensorData => {
  const own = new Float32Array(labels.length * classes)
  for (let row = 0; row < labels.length; row++) own[row * classes + labels[row]!] = 1
  return {
    bank: { shape: [labels.length, bank.length / labels.length], values: bank },
    classes: { shape: [labels.length, classes], values: own },
  }
}

/** A classifier of few labels on the mean of the patch tokens: that at length 1, less the centre, at length 1 again. */
export const fewShotModel = (h: Hyperparameters, { classes, temperature }: FewShot): ImageModel =>
  classifier(h.imageSize, classes.length, (w, images) => {
    const features = unit(unit(featuresOf(w, h, { block: 0, pooling: 'mean' }, images)).sub(w['centre']!))
    return tf.matMul(features, w['ridge.weight']!, false, true).add(w['ridge.bias']!).div(temperature)
  })

/** What `fewShotModel` takes beside the encoder. */
export const fewShotWeights = ({ classes, width, ...made }: FewShot): NamedTensorData => ({
  centre: { shape: [width], values: made.centre },
  'ridge.weight': { shape: [classes.length, width], values: Float32Array.from(made.weights) },
  'ridge.bias': { shape: [classes.length], values: Float32Array.from(made.bias) },
})
