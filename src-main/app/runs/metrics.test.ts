import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Metric } from '#shared/contract'
import { lineOf } from '#storage/run/metrics'
import { runPaths } from '#storage/run/run-folder'
import { after, columnsOf, thin } from '#storage/run/metric-columns'
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

describe('metrics for a chart', () => {
  const losses = Array.from({ length: 1000 }, (_, i) => 1 / (i + 1))
  losses[333] = 9
  losses[666] = -9
  const columns = columnsOf(losses.map((loss, i) => metric(i + 1, loss, i % 500 === 250 ? 0.5 : undefined)))

  it('keep their ends, their spikes and their validation', () => {
    const few = thin(columns, 50)
    expect(few.step.length).toBeLessThanOrEqual(52)
    for (const step of [1, 334, 667, 251, 751, 1000]) expect(few.step).toContain(step)
    expect(few.step).toEqual([...few.step].sort((a, b) => a - b))
    expect(few.loss.map((loss, i) => loss === losses[few.step[i]! - 1])).not.toContain(false)
    expect(few.validationLoss.filter((value) => value !== null)).toEqual([0.5, 0.5])
  })

  it('are left alone where they are few', () => expect(thin(columns, 1000)).toBe(columns))

  it('go on after a step', () => {
    expect(after(columns, 998).step).toEqual([999, 1000])
    expect(after(columns, 1000).loss).toEqual([])
  })

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
    const { step, loss } = await new MetricsReader().read(folder, 0)
    rmSync(folder, { recursive: true })
    expect(step.length).toBeGreaterThan(1000)
    expect(step.length).toBeLessThanOrEqual(2000)
    for (const kept of [1, 3211, 10_000]) expect(step).toContain(kept)
    expect(step).not.toContain(5001)
    expect(Math.max(...loss)).toBe(9)
  })
})
