import { defineStore } from 'pinia'
import { computed, ref, watch } from 'vue'
import type { Health } from '#shared/contract'
import { courseOf, verdictOf } from '#shared/course'
import { evenlySpread } from '#shared/spread'
import { backend } from '#backend'
import { count, number, percent } from '#ui/format'
import type { Frame } from '#ui/pictures/Filmstrip.vue'
import type { Line, Mark } from '#ui/chart/LineChart.vue'
import { type Series, series } from '#ui/tokens'
import { useApp } from '#shell/store'
import { useInspect } from '#features/inspect/store'
import { lossLines } from '#features/runs/loss-lines'
import { useRuns } from '#features/runs/store'
import { type AxisName, changeInEpoch, runAxis } from './axis'
import { troubleOf } from './trouble'

/** Checkpoints in the strip below the pictures. */
const frames = 12

/** How the values of a chart are written, and what stands behind the numbers of its axis. */
interface Written {
  format: (value: number) => string
  suffix?: string
}
/** A chart of a run beside its loss. */
export interface RunChart extends Written {
  title: string
  help?: string
  unit?: string
  lines: Line[]
}

/** The overview of the run that the address names: how its loss goes, how healthy it is, and what is wrong with it. */
export const useOverview = defineStore('overview', () => {
  const app = useApp()
  const runs = useRuns()
  const inspect = useInspect()

  const axis = ref<AxisName>('step')
  const smoothing = ref(0.85)
  const log = ref(false)

  const run = computed(() => inspect.run)
  const metrics = computed(() => (run.value ? runs.metrics.get(run.value.id) : undefined))
  const checkpoints = computed(() => (run.value && runs.checkpoints.get(run.value.id)) ?? [])
  const place = computed(() =>
    run.value && metrics.value ? runAxis(axis.value, metrics.value, run.value) : null,
  )
  /** Where the charts end as planned. */
  const end = computed(() => place.value?.end ?? null)

  const health = ref<Health | null>(null)
  watch(
    () => [run.value?.id, run.value?.status, Math.floor(run.value?.latest?.epoch ?? 0)] as const,
    async ([id], before) => {
      if (id !== before?.[0]) health.value = null
      if (!id) return
      const found = await app.attempt(() => backend['inspect.health']({ run: id }))
      if (id === run.value?.id) health.value = found ?? health.value
    },
    { immediate: true },
  )

  /** Where the run was resumed, what was changed then, and where it stands since it ended early. */
  const marks = computed<Mark[]>(() => {
    if (!run.value || !place.value) return []
    const { seams, status, error } = run.value
    const resumed = seams.map(({ step, changes }) => ({
      x: place.value!.at(step),
      label: changes.length ? 'Setting changed' : 'Resumed',
    }))
    const newest = checkpoints.value.at(-1)
    const failed = error !== null && (status === 'failed' || status === 'interrupted')
    return failed && newest
      ? [...resumed, { x: place.value.at(newest.step), label: 'Last checkpoint' }]
      : resumed
  })

  const loss = computed<Line[]>(() => {
    if (!metrics.value || !place.value) return []
    const { validationLoss } = metrics.value
    const x = place.value.x.filter((_, i) => validationLoss[i] !== null)
    const y = validationLoss.filter((value) => value !== null)
    const training = { label: smoothing.value ? 'Training, smoothed' : 'Training', color: series[0] }
    return [
      ...lossLines(metrics.value, place.value.x, smoothing.value, training),
      ...(y.length ? [{ label: 'Validation', color: series[1], x, y }] : []),
    ]
  })
  /** The charts below: how it trains, not what it learns. */
  const others = computed<RunChart[]>(() => {
    if (!metrics.value || !place.value) return []
    const { x } = place.value
    const { learningRate, gradientNorm, imagesPerSecond, dataWait, memory } = metrics.value
    const chart = (title: string, unit: string, y: number[], color: Series, written: Written): RunChart => ({
      title,
      unit,
      lines: [{ label: title, color, x, y }],
      ...written,
    })
    return [
      chart('Learning rate', '', learningRate, series[0], { format: number }),
      chart('Gradient norm', '', gradientNorm, series[2], { format: number }),
      chart('Speed', 'images/s', imagesPerSecond, series[3], { format: whole }),
      chart('Waiting for images', '', hundredfold(dataWait), series[1], percents),
      chart(
        'Memory',
        'GB',
        memory.map((bytes) => bytes / 1e9),
        series[4],
        { format: hundredth },
      ),
    ]
  })

  const healthCharts = computed<RunChart[]>(() => {
    if (!health.value || !place.value) return []
    const { step, epoch, knn, effectiveRank, variance, uniformity } = health.value
    const x = axis.value === 'time' ? step.map(place.value.at) : epoch
    const chart = (
      title: string,
      help: string,
      values: (number | null)[],
      color: Series,
      written: Written,
    ): RunChart[] => {
      const known = [...values.keys()].filter((i) => values[i] !== null)
      const line = { label: title, color, x: known.map((i) => x[i]!), y: known.map((i) => values[i]!) }
      return known.length ? [{ title, help, lines: [line], ...written }] : []
    }
    return [
      ...chart(
        'Neighbour agreement',
        'Same class among the 20 nearest',
        hundredfold(knn),
        series[0],
        percents,
      ),
      ...chart('Effective rank', 'Directions in use; low is collapse', effectiveRank, series[1], {
        format: whole,
      }),
      ...chart('Feature variance', 'Near 0, all images look alike', variance, series[2], { format: tenth }),
      ...chart('Uniformity', 'Lower is more evenly spread', uniformity, series[3], { format: tenth }),
    ]
  })
  /** Health is measured by the epoch, and its axis counts them unless it is time. */
  const healthAxis = computed(() =>
    axis.value === 'time'
      ? { title: 'time', end: end.value }
      : { title: 'epoch', end: run.value?.hyperparameters.epochs ?? null },
  )

  const course = computed(() =>
    metrics.value && run.value ? courseOf(metrics.value, run.value.totalSteps) : { kind: 'early' as const },
  )
  const verdict = computed(() => verdictOf(course.value, health.value))
  const trouble = computed(() =>
    run.value
      ? troubleOf(run.value, {
          course: course.value,
          newest: checkpoints.value.at(-1)?.step ?? null,
          cores: app.info?.cores ?? 1,
        })
      : null,
  )
  /** How the loss changed in the last epoch; null where nothing can be said. */
  const change = computed(() => (metrics.value ? changeInEpoch(metrics.value) : null))

  /** Checkpoints with pictures, and those of them in the strip: from the first to the newest, with the one shown. */
  const pictured = computed(() =>
    checkpoints.value.filter(({ reconstructions }) => reconstructions.length > 0),
  )
  const shown = computed(() => {
    const step = inspect.checkpoint?.step ?? 0
    return pictured.value.reduce<(typeof pictured.value)[number] | undefined>(
      (best, each) => (!best || Math.abs(each.step - step) <= Math.abs(best.step - step) ? each : best),
      undefined,
    )
  })
  const film = computed<Frame[]>(() => {
    const some = new Set([...evenlySpread(pictured.value, frames), ...(shown.value ? [shown.value] : [])])
    return pictured.value
      .filter((each) => some.has(each))
      .map(({ step, reconstructions }) => ({
        step,
        pictures: [{ path: reconstructions[0]!, panel: 'prediction' as const }],
      }))
  })

  /** The step at a place of the axis. */
  const stepAt = (x: number) => place.value?.stepAt(x) ?? 0
  /** The share of the planned steps at which a step is, where the charts count steps or epochs. */
  const shareOf = (step: number) => (place.value?.end ? place.value.at(step) / place.value.end : 0)

  return {
    ...{ axis, smoothing, log, run, end, marks, loss, others, health, healthCharts, healthAxis },
    ...{ verdict, trouble, change, checkpoints, pictured, shown, film, stepAt, shareOf },
  }
})

const whole = (value: number) => count(Math.round(value))
const tenth = (value: number) => number(value, 1)
const hundredth = (value: number) => number(value, 2)
const percents: Written = { format: (value) => percent(value / 100), suffix: '%' }
const hundredfold = <T extends number | null>(shares: T[]) =>
  shares.map((share) => (share === null ? share : 100 * share)) as T[]
