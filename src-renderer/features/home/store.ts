import { defineStore } from 'pinia'
import { computed, ref, watch } from 'vue'
import type { Checkpoint, Dataset, EngineInfo, Run } from '#shared/contract'
import { courseOf, verdictOf } from '#shared/course'
import { evenlySpread } from '#shared/spread'
import { counted } from '#shared/words'
import { backend } from '#backend'
import type { Line } from '#ui/chart/LineChart.vue'
import { smooth } from '#ui/chart/smooth'
import { series } from '#ui/tokens'
import { useApp } from '#shell/store'
import { useDatasets } from '#features/datasets/store'
import { useEngines } from '#features/machine/engines'
import { type Act, troubleOf } from '#features/run/overview/trouble'
import { useSketches } from '#features/runs/sketches'
import { useRuns } from '#features/runs/store'

/** How many moments of a run stand side by side, and how many runs, images and thumbnails stand below each other. */
const [moments, recentRuns, images, thumbnails] = [4, 5, 4, 8]
/** What waits for the person, and what the button beside it does. */
export interface Attention {
  key: string
  tone: 'bad' | 'warn'
  name: string
  what: string
  why: string
  label: string
  /** Of a run; that of a data set leads to its page. */
  run?: Run
  act: Act
}

/** What Home shows: the run that trains, else the newest, and what waits for the person. */
export const useHome = defineStore('home', () => {
  const app = useApp()
  const runs = useRuns()
  const datasets = useDatasets()
  const sketches = useSketches()
  const engines = useEngines()

  const shown = computed(() => runs.all.filter(({ archived }) => !archived))
  const newest = computed(() => [...shown.value].sort((a, b) => (a.createdAt < b.createdAt ? 1 : -1)))
  const welcome = computed(
    () => runs.loaded && datasets.loaded && runs.all.length === 0 && datasets.all.length === 0,
  )
  const main = computed<Run | undefined>(
    () => runs.active ?? newest.value.find(({ status }) => status === 'finished') ?? newest.value[0],
  )
  const recent = computed(() => newest.value.slice(0, recentRuns))

  const attention = computed<Attention[]>(() => [
    ...newest.value.flatMap((run) => ofRun(run) ?? []),
    ...datasets.all.flatMap((dataset) => ofDataset(dataset) ?? []),
    ...engines.engines.flatMap((engine) => ofEngine(engine) ?? []),
  ])
  /** An engine that is recommended and not in use. */
  function ofEngine({ id, title, recommendation, selected }: EngineInfo): Attention | null {
    if (!recommendation?.recommended || selected) return null
    return {
      ...{ key: id, tone: 'warn', name: title, label: 'Show', why: recommendation.reason },
      what: 'is recommended on this machine',
      act: { does: 'open', to: '/machine' },
    }
  }
  function ofRun(run: Run): Attention | null {
    const checkpoints = runs.checkpoints.get(run.id)
    const trouble = troubleOf(run, {
      course: { kind: 'early' },
      newest: checkpoints?.at(-1)?.step ?? null,
      cores: app.info?.cores ?? 1,
    })
    const [best] = trouble?.remedies ?? []
    if (!trouble || !best || run === runs.active) return null
    const { tone, what, why } = trouble
    const stopped = `stopped at step ${Math.max(run.step, run.latest?.step ?? 0).toLocaleString('en')}: `
    return {
      ...{ key: run.id, tone, why, run, name: run.name, label: best.label, act: best.act },
      what: stopped + what[0]!.toLowerCase() + what.slice(1),
    }
  }

  /** The loss of the main run so far. */
  const metrics = computed(() => main.value && runs.metrics.get(main.value.id))
  const loss = computed<Line[]>(() =>
    metrics.value
      ? [{ label: 'Loss', color: series[0], x: metrics.value.step, y: smooth(metrics.value.loss, 0.85) }]
      : [],
  )
  const verdict = computed(() =>
    metrics.value && main.value ? verdictOf(courseOf(metrics.value, main.value.totalSteps), null) : null,
  )
  /** Checkpoints of the main run with pictures, evenly from the first to the newest. */
  const film = computed(() =>
    evenlySpread(pictured(main.value ? runs.checkpoints.get(main.value.id) : []), moments),
  )
  const rows = computed(() => Math.min(film.value.at(-1)?.reconstructions.length ?? 0, images))

  /** Addresses of the first pictures of each data set. */
  const faces = ref(new Map<string, number[]>())
  async function lookInto({ id }: Dataset) {
    if (faces.value.has(id)) return
    const images = await backend['datasets.sample']({ id, count: thumbnails })
    faces.value.set(
      id,
      images.map((image) => image.id),
    )
  }

  /** Keeps what is shown up to date until it is ended. */
  function follow(): () => void {
    void app.attempt(engines.load)
    const each = <T>(what: () => T[], key: (item: T) => unknown, work: (item: T) => Promise<unknown>) =>
      watch(
        () => what().map(key).join(),
        () => void app.attempt(() => Promise.all(what().map(work))),
        { immediate: true },
      )
    const ends = [
      each(
        () => (main.value ? [main.value.id] : []),
        (id) => id,
        (id) => Promise.all([runs.loadMetrics(id), runs.loadCheckpoints(id)]),
      ),
      each(
        () => newest.value.filter(({ error, status }) => error !== null || status === 'interrupted'),
        ({ id }) => id,
        ({ id }) => runs.loadCheckpoints(id),
      ),
      watch(recent, sketches.show, { immediate: true }),
      each(
        () => datasets.ready,
        ({ id }) => id,
        lookInto,
      ),
    ]
    return () => ends.forEach((end) => end())
  }

  return {
    ...{ welcome, main, recent, attention },
    ...{ loss, verdict, film, rows, faces, follow },
  }
})

const pictured = (checkpoints: Checkpoint[] = []) =>
  checkpoints.filter(({ reconstructions }) => reconstructions.length > 0)

/** What is wrong with a data set: copies, files that cannot be read, or a folder that is gone. */
function ofDataset({ id, name, unreadable, copies, error }: Dataset): Attention | null {
  const found = [copies && counted(copies, 'copies'), unreadable && counted(unreadable, 'damaged files')]
  const said = found.filter(Boolean).join(' and ')
  if (!said && !error) return null
  return {
    ...{ key: id, tone: 'warn', name, label: 'Review' },
    what: error ? 'cannot be used' : `has ${said}`,
    why: error ?? 'Copies make scores look better; damaged files are left out of training',
    act: { does: 'open', to: error ? `/datasets/${id}` : `/datasets/${id}/quality` },
  }
}
