import { defineStore } from 'pinia'
import { computed, markRaw, ref, watch } from 'vue'
import type { Health, MetricColumns, OrderChoice, Run } from '#shared/contract'
import { allSettings } from '#shared/settings/hyperparameters'
import type { Setting } from '#shared/settings/schema'
import { whyNoLosses } from '#shared/settings/task'
import { backend } from '#backend'
import { accuracy, duration, number, rate, settingValue } from '#ui/format'
import type { Line } from '#ui/chart/LineChart.vue'
import { smooth } from '#ui/chart/smooth'
import { series } from '#ui/tokens'
import { useApp } from '#shell/store'
import { orderTitles } from '#features/inspect/orders'
import { type AxisName, runAxis } from '#features/run/overview/axis'
import { useRuns } from '#features/runs/store'

/** A line of the table of what differs: what each run has, and which of them stand out. */
export interface ComparedRow {
  key: string
  title: string
  values: string[]
  /** Values that are not as most of the others, or the best ones. */
  marked: boolean[]
}

/** Steps at the end whose mean is the loss of a run. */
const lastSteps = 20

/** Milliseconds that a step is to stay before pictures are asked for. */
const patience = 250

/** Several runs side by side. The page says which by its address. */
export const useComparison = defineStore('comparison', () => {
  const app = useApp()
  const runs = useRuns()
  const ids = ref<string[]>([])
  /** Runs whose lines are not drawn. */
  const hidden = ref<string[]>([])
  const axis = ref<AxisName>('step')
  const log = ref(false)
  const smoothing = ref(0.8)
  const onlyDifferent = ref(true)
  const health = ref(new Map<string, Health>())
  const images = ref(new Map<string, string[]>())
  /** The place in `steps` of the checkpoints that are shown. */
  const place = ref(0)
  /** The image that is shown large, of those in rows. */
  const image = ref(0)
  /** In which order the patches of the reconstructions are predicted. */
  const order = ref<ComparedOrder>('trained')

  const chosen = computed(() => ids.value.flatMap((id) => runs.byId.get(id) ?? []))
  const colourOf = (id: string) => series[ids.value.indexOf(id)]!
  const drawn = computed(() => chosen.value.filter(({ id }) => !hidden.value.includes(id)))

  watch(
    () => chosen.value.map(({ id }) => id).join(),
    (all) => {
      hidden.value = hidden.value.filter((id) => ids.value.includes(id))
      if (all) void app.attempt(load)
    },
  )
  watch(
    () => chosen.value.map(({ latest }) => Math.floor(latest?.epoch ?? 0)).join(),
    () => void loadHealth(),
  )
  async function load() {
    const all = chosen.value.map(({ id }) => id)
    await Promise.all([
      runs.loadMetrics(...all),
      ...all.map(runs.loadCheckpoints),
      loadHealth(),
      loadImages(),
    ])
  }
  const loadHealth = () =>
    each(async (id) => void health.value.set(id, markRaw(await backend['inspect.health']({ run: id }))))
  const loadImages = () =>
    each(async (id) => void images.value.set(id, await backend['inspect.fixedImages']({ run: id })))
  /** What one of the runs lacks, such as its images, is no reason to show nothing of the others. */
  const each = (work: (id: string) => Promise<void>) =>
    Promise.all(chosen.value.map(({ id }) => work(id).catch(() => undefined)))

  const metricsOf = ({ id }: Run) => runs.metrics.get(id)
  /** The place of a run's rows on the axis, and where that ends as planned. */
  const axisOf = (run: Run) => runAxis(axis.value, metricsOf(run)!, run)
  const measured = computed(() => drawn.value.filter((run) => metricsOf(run)?.step.length))
  const end = computed(() => Math.max(0, ...measured.value.map((run) => axisOf(run).end)) || null)
  const loss = computed<Line[]>(() =>
    measured.value.map((run) => ({
      label: run.name,
      color: colourOf(run.id),
      x: axisOf(run).x,
      y: smooth(metricsOf(run)!.loss, smoothing.value),
    })),
  )
  /** A figure of health over epochs. */
  const healthLines = (pick: (health: Health) => (number | null)[]) =>
    drawn.value.flatMap((run): Line[] => {
      const found = health.value.get(run.id)
      if (!found) return []
      const known = pick(found).flatMap((y, i) => (y === null ? [] : [{ x: found.epoch[i]!, y }]))
      return known.length
        ? [
            {
              label: run.name,
              color: colourOf(run.id),
              x: known.map(({ x }) => x),
              y: known.map(({ y }) => y),
            },
          ]
        : []
    })
  const knn = computed(() => healthLines(({ knn }) => knn.map((value) => value && 100 * value)))
  const rank = computed(() => healthLines(({ effectiveRank }) => effectiveRank))
  const epochs = computed(() => Math.max(0, ...chosen.value.map((run) => run.hyperparameters.epochs)))

  const settings = computed<ComparedRow[]>(() => {
    const row = (key: string, title: string, values: string[]): ComparedRow => {
      const usual = mostOften(values)
      return { key, title, values, marked: values.map((value) => value !== usual) }
    }
    const rows = [
      row(
        'dataset',
        'Data set',
        chosen.value.map(({ dataset }) => dataset.name),
      ),
      ...(allSettings as Setting<keyof Run['hyperparameters']>[]).map((setting) =>
        row(
          setting.name,
          setting.title,
          chosen.value.map(({ hyperparameters }) => settingValue(setting, hyperparameters[setting.name])),
        ),
      ),
    ]
    return rows
  })
  const differing = computed(() => settings.value.filter(({ marked }) => marked.includes(true)))
  const noLosses = computed(() => whyNoLosses(chosen.value))

  const results = computed<ComparedRow[]>(() => {
    const row = (
      title: string,
      of: (run: Run) => number | null | undefined,
      write: (value: number) => string,
      best?: 'highest' | 'lowest',
    ): ComparedRow => {
      const values = chosen.value.map((run) => of(run) ?? null)
      const known = values.filter((value) => value !== null)
      const top = best === 'highest' ? Math.max(...known) : Math.min(...known)
      return {
        key: title,
        title,
        values: values.map((value) => (value === null ? '–' : write(value))),
        marked: values.map(
          (value) => !!best && known.length > 1 && value === top && Math.max(...known) > Math.min(...known),
        ),
      }
    }
    const last = (values: (number | null)[] | undefined) => values?.filter((value) => value !== null).at(-1)
    const rows = [
      row(
        'Loss',
        (run) => metricsOf(run) && endLoss(metricsOf(run)!),
        number,
        noLosses.value ? undefined : 'lowest',
      ),
      row(
        'Validation loss',
        (run) => last(metricsOf(run)?.validationLoss),
        number,
        noLosses.value ? undefined : 'lowest',
      ),
      row('kNN top-1', ({ knn }) => knn, accuracy, 'highest'),
      row(
        'Effective rank',
        ({ id }) => last(health.value.get(id)?.effectiveRank),
        (value) => value.toFixed(1),
      ),
      row(
        'Speed',
        ({ latest }) => latest?.imagesPerSecond,
        (value) => `${rate(value)} /s`,
      ),
      row('Took', ({ latest }) => latest?.seconds, duration),
    ]
    return rows.filter(({ values }) => values.some((value) => value !== '–'))
  })
  /** The step of the results, where it is the same for all. */
  const resultStep = computed(() => {
    const steps = new Set(chosen.value.map(({ step }) => step))
    return steps.size === 1 ? [...steps][0]! : null
  })

  const steps = computed(() => runs.stepsOf(ids.value))
  watch(steps, (all) => (place.value = Math.max(0, all.length - 1)), { immediate: true })
  const step = computed(() => steps.value[place.value] ?? 0)
  /** Shows the checkpoints that are nearest to a place of the loss chart. */
  function showAt(x: number) {
    const run = measured.value[0]
    if (!run) return
    const wanted = axisOf(run).stepAt(x)
    const nearest = [...steps.value].sort((a, b) => Math.abs(a - wanted) - Math.abs(b - wanted))[0]
    if (nearest !== undefined) place.value = steps.value.indexOf(nearest)
  }
  /** The images that the first run is shown with; the others are asked about those that they do not keep. */
  const shared = computed(() => images.value.get(ids.value[0] ?? '') ?? [])
  /** The one of them that is shown large. */
  const large = computed(() => shared.value[image.value] ?? shared.value[0])
  /** The picture of four panels that a run kept of an image, by the order that it is trained in. */
  const kept = (run: Run, path: string) =>
    runs.checkpointAt(run.id, step.value)?.reconstructions[images.value.get(run.id)?.indexOf(path) ?? -1]
  /** Predictions that were asked for, by run, step, image and order. */
  const made = ref(new Map<string, string>())
  const nameOf = (run: Run, path: string) =>
    `${run.id} ${runs.checkpointAt(run.id, step.value)?.step} ${path} ${order.value}`
  /** What a run makes of an image at the chosen step, and whether it is one panel of four; null before it is known. */
  function pictureOf(run: Run, path: string): { path: string; panel: 'prediction' | null } | null {
    const strip = order.value === 'trained' && kept(run, path)
    if (strip) return { path: strip, panel: 'prediction' }
    const single = made.value.get(nameOf(run, path))
    return single ? { path: single, panel: null } : null
  }
  const originalOf = (path: string) => chosen.value[0] && kept(chosen.value[0], path)

  let timer: ReturnType<typeof setTimeout> | undefined
  watch(
    () =>
      [
        ...[step.value, order.value, shared.value],
        chosen.value.map(({ id }) => images.value.get(id)?.length).join(),
      ] as const,
    () => {
      clearTimeout(timer)
      timer = setTimeout(() => void askForPictures(), patience)
    },
  )
  async function askForPictures() {
    const [at, by] = [step.value, order.value]
    for (const run of chosen.value)
      for (const path of shared.value) {
        const checkpoint = runs.checkpointAt(run.id, at)
        if (step.value !== at || order.value !== by) return
        if (!checkpoint || !images.value.has(run.id) || pictureOf(run, path)) continue
        const name = nameOf(run, path)
        const question = {
          run: run.id,
          step: checkpoint.step,
          image: { source: { kind: 'run' as const, id: ids.value[0]! }, path },
          order: orderOf(run, by),
        }
        const answer = await backend['inspect.reconstruct'](question).catch(() => null)
        if (answer) made.value.set(name, answer.pictures.prediction)
      }
  }

  return {
    ...{ ids, hidden, axis, log, smoothing, onlyDifferent, place, image, order },
    ...{ chosen, colourOf, loss, end, knn, rank, epochs, settings, differing, noLosses, results, resultStep },
    ...{ steps, step, showAt, shared, large, pictureOf, originalOf },
  }
})

/** The orders in which a comparison has patches predicted. */
export const comparedOrders = {
  trained: 'As trained',
  random: orderTitles.random,
  raster: orderTitles.raster,
  'centre-out': orderTitles['centre-out'],
} as const
type ComparedOrder = keyof typeof comparedOrders

/** The order in which a run predicts: all the same random one, and ViT-iGPT, which knows no other, row by row. */
export function orderOf({ hyperparameters }: Run, chosen: ComparedOrder): OrderChoice {
  const trained = hyperparameters.order === 'raster' ? 'raster' : 'random'
  const kind = hyperparameters.objective === 'igpt' ? 'raster' : chosen === 'trained' ? trained : chosen
  return kind === 'random' ? { kind, seed: 0 } : { kind }
}

/** The mean loss of the last steps. */
export function endLoss({ loss, steps }: Pick<MetricColumns, 'loss' | 'steps'>): number | null {
  let [sum, counted] = [0, 0]
  for (let i = loss.length - 1; i >= 0 && counted < lastSteps; i--) {
    sum += loss[i]! * steps[i]!
    counted += steps[i]!
  }
  return counted ? sum / counted : null
}

/** The value that most have; the first of several. */
export const mostOften = (values: string[]): string | undefined => {
  const count = (value: string) => values.filter((each) => each === value).length
  return values.reduce<string | undefined>(
    (best, value) => (best === undefined || count(value) > count(best) ? value : best),
    undefined,
  )
}
