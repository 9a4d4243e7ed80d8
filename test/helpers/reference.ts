import { readFileSync } from 'node:fs'

interface Numbers {
  shape: number[]
  values: number[]
}

/** What test/python/evaluation_reference.py says of it. */
export interface EvaluationReference {
  lars: { learningRate: number; weightDecay: number; momentum: number; steps: Numbers[][] }
  sgd: { learningRate: number; weightDecay: number; momentum: number; steps: Numbers[] }
  layerDecay: { depth: number; decay: number; scales: Record<string, number> }
  mixing: { share: number; centre: [number, number] | null; images: Numbers; targets: Numbers }[]
  losses: { labels: number[]; smoothed: number; gradient: Numbers; softTargets: Numbers; soft: number }
  batchNorm: { steps: { output: Numbers; mean: Numbers; variance: Numbers }[]; evaluated: Numbers }
  positions: { grid: Numbers; resized: Record<string, Numbers> }
  randAugment: {
    operations: string[]
    cases: {
      operation: string
      magnitude: number
      negative: boolean
      argument: number | null
      pixels: string
    }[]
  }
}

/** Numbers of PyTorch, timm and Pillow. */
export const evaluationReference = (): EvaluationReference =>
  JSON.parse(readFileSync('test/python/evaluation-reference.json', 'utf8'))

/** What test/python/mae_reference.py says of a small MAE. */
export interface MaeReference {
  shape: Record<
    'imageSize' | 'patchSize' | 'width' | 'depth' | 'heads' | 'decoderWidth' | 'decoderDepth',
    number
  >
  order: number[][]
  loss: number
  /** [2, 12, 48]: of the hidden patches, in the order. */
  prediction: number[]
  /** Of each weight: its norm, its product with a wave and its first values. */
  gradients: Record<string, { shape: number[]; norm: number; product: number; first: number[] }>
}

/** Numbers of transformers. */
export const maeReference = (): MaeReference =>
  JSON.parse(readFileSync('test/python/mae-reference.json', 'utf8'))

/** The numbers that the script calls waves: sin(1.7 i). */
export const waves = (count: number, start = 0) =>
  Float32Array.from({ length: count }, (_, i) => Math.sin(1.7 * (i + start)))
