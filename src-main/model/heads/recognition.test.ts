import '@tensorflow/tfjs-backend-cpu'
import { beforeAll, describe, expect, it } from 'vitest'
import { purposes, uniforms } from '#shared/random'
import { evaluationReference, waves } from '#test/helpers/reference'
import * as tf from '#model/tensor/tf'
import { batchNorm, normalise } from './batch-norm'
import { layerScale } from '#model/optimizers/layer-decay'
import {
  crossEntropy,
  cutmix,
  drawMixing,
  mixedTargets,
  mixImages,
  mixingDraws,
  mixup,
} from '#model/augment/mixing'
import { momentumName, momentumUpdate } from '#model/optimizers/momentum'
import { interpolatePositions } from '#model/vit/positions'

/** What test/python/evaluation_reference.py computed with PyTorch and timm. */
const reference = evaluationReference()

beforeAll(() => tf.setBackend('cpu'))

const wave = (shape: number[], start = 0) =>
  tf.tensor(waves(shape.reduce((a, b) => a * b), start), shape) // prettier-ignore

function expectNear(actual: tf.Tensor | Float32Array, { values }: { values: number[] }, digits = 5) {
  const found = actual instanceof Float32Array ? actual : actual.dataSync()
  expect(found.length).toBe(values.length)
  found.forEach((value, i) => expect(value).toBeCloseTo(values[i]!, digits))
}

describe('updates with momentum', () => {
  it.each(['LARS', 'SGD'] as const)('%s goes as in PyTorch over four steps', (optimizer) => {
    const { lars, sgd } = reference
    const { learningRate, steps, ...settings } = optimizer === 'LARS' ? lars : sgd
    const shapes: Record<string, number[]> =
      optimizer === 'LARS' ? { matrix: [4, 3], vector: [3], zero: [2, 2] } : { matrix: [4, 3] }
    let state: Record<string, tf.Tensor> = {}
    for (const [name, shape] of Object.entries(shapes)) {
      state[name] = name === 'zero' ? tf.zeros(shape) : wave(shape)
      state[momentumName(name)] = tf.zeros(shape)
    }
    steps.forEach((wanted, step) => {
      const gradients = Object.entries(shapes).map(([name, shape], i) => [name, wave(shape, 10 * step + i)])
      state = momentumUpdate(
        { ...settings, optimizer },
        state,
        Object.fromEntries(gradients),
        tf.scalar(learningRate),
      )
      Object.keys(shapes).forEach((name, i) =>
        expectNear(state[name]!, Array.isArray(wanted) ? wanted[i]! : wanted),
      )
    })
  })
})

it('layer-wise decay scales each weight as timm does', () => {
  const { scales, depth, decay } = reference.layerDecay
  const names = Object.keys(scales)
  expect(names.length).toBeGreaterThan(50)
  for (const name of names) expect(layerScale(name, depth, decay)).toBeCloseTo(scales[name]!, 10)
})

describe('mixing', () => {
  const images = wave([4, 3, 8, 8]).transpose([0, 2, 3, 1])

  it.each(reference.mixing)('mixes images and labels as timm, share $share around $centre', (wanted) => {
    const { share, centre } = wanted
    const mixing = centre ? cutmix(share, 8, centre[0], centre[1]) : mixup(share, 8)
    expectNear(mixImages(images, tf.tensor(mixing.mask, [8, 8])), wanted.images)
    expectNear(mixedTargets([0, 3, 1, 4], 5, { smoothing: 0.1, share: mixing.share }), wanted.targets)
  })

  it('draws shares of the Beta distributions, and each kind every second time', () => {
    const draw = (settings: { mixup: number; cutmix: number }) =>
      Array.from({ length: 1500 }, (_, i) =>
        drawMixing(settings, 64, uniforms(0, purposes.mixing, 0, i, mixingDraws)),
      )
    const variance = (values: number[]) => {
      const mean = values.reduce((a, b) => a + b) / values.length
      return [mean, values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / values.length] as const
    }
    // Beta(α, α) has mean 1/2 and variance 1 / (4 (2α + 1)).
    for (const alpha of [0.8, 1.5]) {
      const [mean, spread] = variance(draw({ mixup: alpha, cutmix: 0 }).map(({ share }) => share))
      expect(mean).toBeCloseTo(0.5, 1)
      expect(spread).toBeCloseTo(1 / (4 * (2 * alpha + 1)), 2)
    }
    const cuts = draw({ mixup: 0.8, cutmix: 1 }).filter(({ mask }) => mask.some((v) => v === 0))
    expect(cuts.length / 1500).toBeCloseTo(0.5, 1)
    expect(draw({ mixup: 0, cutmix: 0 }).every(({ share }) => share === 1)).toBe(true)
  })
})

it('label smoothing and soft targets lose, and their gradients go, as in timm', () => {
  const { labels, smoothed, gradient, softTargets, soft } = reference.losses
  const logits = wave([3, 5]).mul(3)
  const targets = tf.tensor(mixedTargets(labels, 5, { smoothing: 0.1, share: 1 }), [3, 5])
  const { value, grad } = tf.valueAndGrad((x) => crossEntropy(x, targets))(logits)
  expect(value.dataSync()[0]).toBeCloseTo(smoothed, 5)
  expectNear(grad, gradient)
  expect(crossEntropy(logits, tf.tensor(softTargets.values, [3, 5])).dataSync()[0]).toBeCloseTo(soft, 5)
})

it('BatchNorm without affine parameters keeps the statistics of PyTorch', () => {
  const { steps, evaluated } = reference.batchNorm
  const input = (start: number) => wave([6, 3], start).mul(2).add(5)
  let running = { mean: tf.zeros([3]) as tf.Tensor, variance: tf.ones([3]) as tf.Tensor }
  steps.forEach((wanted, step) => {
    const result = batchNorm(input(20 * step), running)
    expectNear(result.y, wanted.output, 4)
    expectNear(result.running.mean, wanted.mean)
    expectNear(result.running.variance, wanted.variance)
    running = result.running
  })
  expectNear(normalise(input(100), running), evaluated, 4)
})

it('positions for another image size are interpolated as by PyTorch', () => {
  const { grid, resized } = reference.positions
  for (const [size, wanted] of Object.entries(resized))
    expectNear(interpolatePositions(Float32Array.from(grid.values), 4, Number(size)), wanted)
})
