import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Metric } from '#shared/contract'
import { lineOf } from '#storage/json-lines'
import { runPaths } from '#storage/run/run-folder'
import { columnsOf } from '#storage/run/metric-columns'
import { MetricsReader } from './metrics'

const metric = (step: number, loss: number, validationLoss?: number): Metric => ({
  step,
  epoch: step / 10,
  loss,
  learningRate: 1e-3,
  gradientNorm: 1,
  imagesPerSecond: 50,
  dataWait: 0,
  memory: 1e8,
  seconds: step,
  ...(validationLoss === undefined ? {} : { validationLoss }),
})

describe('metrics of a run', () => {
  it('are the same when they are read again, and go on where they grew', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'saim-metrics-'))
    const all = [metric(1, 3), metric(2, 2, 0.5), metric(3, 1)]
    const reader = new MetricsReader()
    writeFileSync(runPaths(folder).metrics, all.slice(0, 2).map(lineOf).join(''))
    expect(await reader.read(folder, 0)).toEqual(columnsOf(all.slice(0, 2)))
    writeFileSync(runPaths(folder).metrics, all.map(lineOf).join(''))
    expect(await reader.read(folder, 0)).toEqual(columnsOf(all))
    expect(await reader.read(folder, 0)).toEqual(columnsOf(all))
    rmSync(folder, { recursive: true })
  })

  it('of long runs are chosen before they are checked, and damaged ones stay out', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'saim-metrics-'))
    const lines = Array.from({ length: 10_000 }, (_, i) =>
      lineOf(metric(i + 1, i === 3210 ? 9 : 1 / (i + 1))),
    )
    lines[5000] = lines[5000]!.replace('"loss":', '"loss":9')
    writeFileSync(runPaths(folder).metrics, lines.join(''))
    const { step, steps, loss, lossLow, lossHigh } = await new MetricsReader().read(folder, 0)
    rmSync(folder, { recursive: true })
    expect(step.length).toBe(2000)
    expect(step.at(-1)).toBe(10_000)
    expect(steps.reduce((sum, n) => sum + n)).toBe(9_999)
    expect(Math.max(...lossHigh)).toBe(9)
    expect(Math.min(...lossLow)).toBe(1 / 10_000)
    expect(loss[1]).toBeCloseTo((1 / 6 + 1 / 7 + 1 / 8 + 1 / 9 + 1 / 10) / 5, 12)
  })

  it('of long runs stay few as they grow, and means stay exact', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'saim-metrics-'))
    const reader = new MetricsReader()
    const losses = Array.from({ length: 9000 }, (_, i) => Math.sin(i))
    const lines = losses.map((loss, i) => lineOf(metric(i + 1, loss)))
    for (const count of [4500, 6000, 7500, 9000]) {
      writeFileSync(runPaths(folder).metrics, lines.slice(0, count).join(''))
      const { step, steps, loss, lossLow, lossHigh } = await reader.read(folder, 0)
      expect(step.length).toBeLessThanOrEqual(4000)
      let from = 0
      const stretches = steps.map((n) => losses.slice(from, (from += n)))
      const means = stretches.map((stretch) => stretch.reduce((sum, value) => sum + value) / stretch.length)
      expect(Math.max(...means.map((mean, row) => Math.abs(mean - loss[row]!)))).toBeLessThan(5e-13)
      expect(lossLow).toEqual(stretches.map((stretch) => Math.min(...stretch)))
      expect(lossHigh).toEqual(stretches.map((stretch) => Math.max(...stretch)))
      let end = 0
      expect(step).toEqual(steps.map((n) => (end += n)))
      expect(end).toBe(count)
    }
    rmSync(folder, { recursive: true })
  })
})
