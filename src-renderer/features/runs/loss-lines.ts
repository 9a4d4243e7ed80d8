import type { MetricColumns } from '#shared/contract'
import type { Line } from '#ui/chart/LineChart.vue'
import { smooth } from '#ui/chart/smooth'

/**
 * The loss of a run over `x`: its smoothed mean, and behind it the range of each row, which for a row of one step is the loss
 * of that step.
 */
export const lossLines = (
  { loss, lossLow, lossHigh }: MetricColumns,
  x: number[],
  smoothing: number,
  { label, color }: Pick<Line, 'label' | 'color'>,
): Line[] => [
  { label, color, x, y: smooth(loss, smoothing) },
  { label: `${label}, lowest`, color, x, y: lossLow, faint: true },
  { label: `${label}, highest`, color, x, y: lossHigh, faint: true, fill: true },
]
