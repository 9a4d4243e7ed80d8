import { cpus } from 'node:os'
import { fromPreset, type Hyperparameters, type PresetName } from '#shared/settings/hyperparameters'
import { createEngine } from '#engine/engines'
import type { Graph } from '#engine/graph/ir'
import { passes, rewrite } from '#engine/graph/passes/index'
import { trace } from '#engine/graph/trace'
import { mapValues, type NamedTensorData, sizeOf, type StepFunction } from '#model/tensor/step'
import * as tf from '#model/tensor/tf'
import { withMoments } from '#model/optimizers/adamw'
import { trainInputs, trainStep } from '#model/objectives/pretrain'
import { initialWeights } from '#model/objectives/index'

/** A training step's graph as the CPU runs it, for a state of weights and moments. */
export function stepGraph(h: Hyperparameters, state: NamedTensorData): Graph {
  const specs = mapValues(state, ({ shape }) => ({ shape, dtype: 'float32' as const }))
  return rewrite(trace(trainStep(h), specs, trainInputs(h)).graph, passes.tensorflow)
}

/** What a training step is made of: operations of its matrix products, 2 M N K each, and bytes that all its nodes read and write. */
export function workOf(preset: PresetName, batch: number): { operations: number; bytes: number } {
  const h = fromPreset(preset, { batchSize: batch, accumulation: 1 })
  const { nodes, values, constants } = stepGraph(h, withMoments(initialWeights(h, 0)))
  const shapeOf = (name: string) => (values.get(name) ?? constants.get(name)!).shape
  const bytesOf = (names: string[]) => names.reduce((sum, name) => sum + 4 * sizeOf(shapeOf(name)), 0)
  let [operations, bytes] = [0, 0]
  for (const { op, inputs, outputs, attributes } of nodes) {
    if (op === 'Reshape' || op === 'Identity') continue
    bytes += bytesOf(inputs) + bytesOf(outputs)
    if (op !== 'FusedMatMul') continue
    const isByColumns = (attributes['transA'] as { int: number }).int === 1
    operations += 2 * shapeOf(inputs[0]!).at(isByColumns ? -2 : -1)! * sizeOf(shapeOf(outputs[0]!))
  }
  return { operations, bytes }
}

/** 10⁹ operations a second of large matrix products, and 10⁹ bytes a second of additions too large for caches. */
export interface Roof {
  peakGigaflops: number
  gigabytesPerSecond: number
}

/** The roof that onnxruntime reaches on all cores; the best of some runs. */
export async function measureRoof(): Promise<Roof> {
  const [size, values, times] = [1024, 2 ** 24, 16]
  const repeated = (shape: number[], apply: (x: tf.Tensor, y: tf.Tensor) => tf.Tensor) =>
    fastest(shape, ({ a, b }) => {
      let x = a!
      for (let i = 0; i < times; i++) x = apply(x, b!)
      return { outputs: { sum: x.sum() } }
    })
  const products = await repeated([size, size], (x, y) => tf.matMul(x as tf.Tensor2D, y as tf.Tensor2D))
  const additions = await repeated([values], (x, y) => x.add(y))
  return {
    peakGigaflops: (2 * size ** 3 * times) / products / 1e9,
    gigabytesPerSecond: (4 * values * (3 * times + 1)) / additions / 1e9,
  }
}

/** Seconds of the fastest of ten runs of a step of two tensors. */
async function fastest(shape: number[], step: StepFunction): Promise<number> {
  const engine = await createEngine('onnxruntime-cpu', { threads: cpus().length })
  const small = { shape, values: new Float32Array(sizeOf(shape)).fill(1e-3) }
  const program = await engine.compile(step, engine.createState({ a: small, b: small }), {})
  let seconds = Infinity
  for (let run = 0; run < 10; run++) {
    const start = performance.now()
    await program.run({})
    seconds = Math.min(seconds, (performance.now() - start) / 1000)
  }
  await program.dispose()
  return seconds
}

/** A step in the figure: operations for each byte, 10⁹ operations a second. */
interface Point {
  label: string
  kind: string
  intensity: number
  gigaflops: number
}

const colours = ['#1f6feb', '#d1662a', '#6f42c1', '#57606a', '#1a7f37']

/** The figure (Williams et al. 2009) as SVG: what bandwidth and peak allow at an intensity, and what steps reached. */
export function roofline({ peakGigaflops, gigabytesPerSecond }: Roof, points: Point[]): string {
  const [width, height, margin] = [720, 420, 56]
  const [from, to] = [4, 64] // operations for each byte
  const [least, most] = [32, 512] // 10⁹ operations a second
  const along = (value: number, low: number, high: number) => Math.log(value / low) / Math.log(high / low)
  const x = (intensity: number) => margin + along(intensity, from, to) * (width - 2 * margin - 120)
  const y = (gigaflops: number) => height - margin - along(gigaflops, least, most) * (height - 2 * margin)
  const at = (intensity: number) => Math.min(peakGigaflops, gigabytesPerSecond * intensity)
  const corner = peakGigaflops / gigabytesPerSecond
  const start = Math.max(from, least / gigabytesPerSecond)
  const text = (px: number, py: number, what: string, more = '') =>
    `<text x="${px.toFixed(1)}" y="${py.toFixed(1)}" ${more}>${what}</text>`
  const powers = (low: number, high: number) =>
    Array.from({ length: Math.log2(high / low) + 1 }, (_, i) => low * 2 ** i)
  const kinds = [...new Set(points.map(({ kind }) => kind))]
  const colour = (kind: string) => colours[kinds.indexOf(kind) % colours.length]!
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" font-family="sans-serif" font-size="11" fill="#222">`,
    `<rect width="${width}" height="${height}" fill="white"/>`,
    ...powers(from, to).map((tick) =>
      text(x(tick), height - margin + 16, String(tick), 'text-anchor="middle"'),
    ),
    ...powers(least, most).map((tick) => text(margin - 6, y(tick) + 4, String(tick), 'text-anchor="end"')),
    text(
      margin,
      height - 14,
      'Operations of matrix products for each byte that the nodes of a step read and write',
    ),
    text(margin - 44, 24, '10⁹ operations a second'),
    `<polyline fill="none" stroke="#222" stroke-width="1.5" points="${[start, corner, to].map((i) => `${x(i).toFixed(1)},${y(at(i)).toFixed(1)}`).join(' ')}"/>`,
    text(x(corner) + 8, y(peakGigaflops) - 8, `${peakGigaflops.toFixed(0)} GFLOP/s`),
    text(x(start) + 12, y(at(start)) - 2, `${gigabytesPerSecond.toFixed(0)} GB/s`),
    ...points.map(
      ({ kind, intensity, gigaflops }) =>
        `<circle cx="${x(intensity).toFixed(1)}" cy="${y(gigaflops).toFixed(1)}" r="4" fill="${colour(kind)}"/>`,
    ),
    ...[...new Map(points.map((point) => [point.label, point])).values()].map(({ label, intensity }, i) =>
      text(
        x(intensity),
        height - margin - 6 - 14 * (i % 2),
        label,
        'text-anchor="middle" font-style="italic"',
      ),
    ),
    ...kinds.flatMap((kind, i) => [
      `<circle cx="${width - 170}" cy="${60 + 18 * i}" r="4" fill="${colour(kind)}"/>`,
      text(width - 160, 64 + 18 * i, kind),
    ]),
    '</svg>',
  ].join('\n')
}
