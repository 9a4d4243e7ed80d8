import { Presets, SingleBar } from 'cli-progress'
import type { Metric } from '#shared/contract'
import { duration, number, percent, rate } from '#shared/format'
import { isQuiet, say } from './answer'

/** A bar on a terminal, elsewhere a line every ten seconds. */
export function showProgress() {
  const recent: Metric[] = []
  const bar = new SingleBar(
    { format: '{bar} {percentage}% | step {value}/{total} | {text}', hideCursor: true },
    Presets.shades_classic,
  )
  const { isTTY } = process.stderr
  let started = false
  let lastLine = 0
  return {
    show(metric: Metric, totalSteps: number) {
      if (isQuiet()) return
      recent.push(metric)
      if (recent.length > 20) recent.shift()
      const mean = (value: (m: Metric) => number) =>
        recent.reduce((sum, m) => sum + value(m), 0) / recent.length
      const speed = mean((m) => m.imagesPerSecond)
      const perStep = recent.length > 1 ? (metric.seconds - recent[0]!.seconds) / (recent.length - 1) : 0
      const left = perStep ? duration((totalSteps - metric.step) * perStep) : '?'
      const text = `epoch ${metric.epoch.toFixed(2)} | loss ${number(mean((m) => m.loss))} | ${rate(speed)} images/s | waiting for images ${percent(metric.dataWait)} | ${left} left`
      if (metric.validationLoss !== undefined && !isTTY)
        say(`epoch ${metric.epoch.toFixed(0)} | validation loss ${number(metric.validationLoss)}`)
      if (isTTY) {
        if (!started) bar.start(totalSteps, metric.step, { text })
        else bar.update(metric.step, { text })
      } else if (Date.now() - lastLine > 10_000 || metric.step === totalSteps) {
        lastLine = Date.now()
        say(`step ${metric.step}/${totalSteps} | ${text}`)
      }
      started = true
    },
    end() {
      if (started && isTTY) bar.stop()
    },
  }
}
