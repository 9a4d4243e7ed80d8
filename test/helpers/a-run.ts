import type { Metric, Run } from '#shared/contract'
import { fromPreset } from '#shared/settings/hyperparameters'

/** A run of the preset nano as a list tells of it, with these changes. */
export function aRun({
  imagesPerSecond = 0,
  epoch = 10,
  ...changes
}: Partial<Run> & Partial<Metric> = {}): Run {
  const latest: Metric = {
    ...{ step: 100, epoch, loss: 0.5, learningRate: 5e-4, gradientNorm: 1, imagesPerSecond },
    ...{ dataWait: 0, memory: 4e8, seconds: imagesPerSecond ? (epoch * 160) / imagesPerSecond : 60 },
  }
  return {
    id: 'a-run',
    name: 'A run',
    status: 'finished',
    dataset: { name: 'Photos', folder: '/photos', images: 160, validation: 0 },
    hyperparameters: fromPreset('nano', { precision: 'float32' }),
    engine: 'onnxruntime-cpu',
    cluster: null,
    decoders: 0,
    notice: null,
    createdAt: '2026-11-01',
    updatedAt: '2026-11-01',
    step: 100,
    totalSteps: 100,
    latest: imagesPerSecond || epoch !== 10 ? latest : null,
    secondsLeft: null,
    knn: null,
    error: null,
    seams: [],
    origin: null,
    stalledSeconds: null,
    notes: '',
    tags: [],
    pinned: false,
    archived: false,
    folder: '/runs/a-run',
    ...changes,
  }
}
