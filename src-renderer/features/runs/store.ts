import { defineStore } from 'pinia'
import { computed, markRaw, ref } from 'vue'
import type { CallInput, Checkpoint, MetricColumns, Queue, Run } from '#shared/contract'
import { AppError, toErrorData } from '#shared/errors'
import { counted } from '#shared/words'
import { backend, onEvent } from '#backend'
import { useNotifications } from '#shell/notifications/notifications'

/** Milliseconds within which removed runs are told together. */
const together = 6000

/** Points of a chart: more than a screen has columns. */
const chartPoints = 2000

/**
 * All runs, and the details of those that a page follows. Runs and metrics are replaced whole, never changed in place, so
 * they are marked raw: watching every value would be slow.
 */
export const useRuns = defineStore('runs', () => {
  const notifications = useNotifications()
  const byId = ref(new Map<string, Run>())
  const metrics = ref(new Map<string, MetricColumns>())
  const checkpoints = ref(new Map<string, Checkpoint[]>())
  const logs = ref(new Map<string, string>())
  const queue = ref<Queue>({ ids: [], held: false })
  const loaded = ref(false)

  const all = computed(() =>
    [...byId.value.values()].sort(
      (a, b) => Number(b.pinned) - Number(a.pinned) || (a.createdAt < b.createdAt ? 1 : -1),
    ),
  )
  const places = computed(() => new Map(queue.value.ids.map((id, place) => [id, place])))
  /** The place of a run in the queue, 0 first; -1 where it does not wait. */
  const placeOf = (id: string) => places.value.get(id) ?? -1
  const active = computed(() => all.value.find(({ status }) => status === 'running' || status === 'starting'))

  function set(run: Run) {
    const before = byId.value.get(run.id)
    byId.value.set(run.id, markRaw(run))
    // A resume discards what came after its checkpoint.
    if (before && before.seams.length !== run.seams.length && metrics.value.has(run.id)) {
      void loadMetrics(run.id)
      void loadCheckpoints(run.id)
    }
  }
  onEvent('runs.queue', (state) => void (queue.value = state))
  onEvent('runs.changed', set)
  onEvent('runs.removed', ({ id }) => void byId.value.delete(id))
  onEvent('runs.metrics', ({ id, metrics: added }) => {
    const known = metrics.value.get(id)
    if (!known) return
    const fresh = added.step.findIndex((step) => step > (known.step.at(-1) ?? -1))
    if (fresh < 0) return
    const joined = Object.fromEntries(
      Object.entries(known).map(([name, values]) => [
        name,
        (values as (number | null)[]).concat(added[name as keyof MetricColumns].slice(fresh)),
      ]),
    ) as MetricColumns
    metrics.value.set(id, markRaw(joined))
    if (joined.step.length > 2 * chartPoints) void loadMetrics(id)
  })
  onEvent('runs.checkpoint', ({ id, checkpoint }) => {
    const known = checkpoints.value.get(id)
    if (known && !known.some(({ step }) => step === checkpoint.step))
      checkpoints.value.set(id, [...known, checkpoint])
  })
  onEvent('runs.log', ({ id, text }) => {
    const known = logs.value.get(id)
    if (known !== undefined) logs.value.set(id, known + text)
  })

  async function load() {
    const list = await backend['runs.list'](undefined)
    queue.value = await backend['runs.queue'](undefined)
    byId.value = new Map(list.map((run) => [run.id, markRaw(run)]))
    loaded.value = true
  }

  /** The metrics of several runs are set together, so that a chart of them is drawn once. */
  async function loadMetrics(...ids: string[]) {
    const read = await Promise.all(ids.map((id) => backend['runs.metrics']({ id, points: chartPoints })))
    ids.forEach((id, i) => metrics.value.set(id, markRaw(read[i]!)))
  }
  async function loadCheckpoints(id: string) {
    checkpoints.value.set(id, await backend['runs.checkpoints']({ id }))
  }
  /** The steps at which any of the runs has a checkpoint, in order. */
  const stepsOf = (ids: string[]) =>
    [...new Set(ids.flatMap((id) => (checkpoints.value.get(id) ?? []).map(({ step }) => step)))].sort(
      (a, b) => a - b,
    )
  /** The checkpoint of a run that is nearest to a step. */
  const checkpointAt = (id: string, step: number): Checkpoint | undefined =>
    [...(checkpoints.value.get(id) ?? [])].sort(
      (a, b) => Math.abs(a.step - step) - Math.abs(b.step - step),
    )[0]
  /** Everything that the page of a run shows. */
  async function follow(id: string) {
    set(await backend['runs.get']({ id }))
    await Promise.all([
      loadMetrics(id),
      loadCheckpoints(id),
      backend['runs.log']({ id }).then((text) => logs.value.set(id, text)),
    ])
  }

  async function start(input: CallInput<'runs.start'>): Promise<Run> {
    const run = await backend['runs.start'](input)
    set(run)
    return run
  }
  async function resume(
    id: string,
    changes?: CallInput<'runs.resume'>['changes'],
    engine?: string,
    decoders?: number,
  ) {
    set(await askedResume({ id, changes, engine, decoders }))
    await follow(id)
  }
  /** Asks where the run would connect to a Ray cluster that nobody chose on this machine. */
  async function askedResume(order: CallInput<'runs.resume'>): Promise<Run> {
    try {
      return await backend['runs.resume'](order)
    } catch (error) {
      const agreed = byId.value.get(order.id)?.cluster?.address
      if (!(error instanceof AppError && error.code === 'cluster-unknown' && agreed)) throw error
      if (!window.confirm(`${error.message} A cluster can run programs here. Connect to ${agreed}?`))
        throw error
      return backend['runs.resume']({ ...order, agreed })
    }
  }
  /** Continues a cluster's run with this machine's engine. */
  const resumeHere = (run: Run) => resume(run.id, undefined, run.engine)
  async function locate(id: string, folder: string) {
    set(await backend['runs.locate']({ id, folder }))
    await resume(id)
  }
  const kill = (id: string) => backend['runs.kill']({ id })
  async function move(id: string, place: number) {
    queue.value = await backend['runs.move']({ id, place })
  }
  async function hold(held: boolean) {
    queue.value = await backend['runs.hold']({ held })
  }
  const pause = (id: string) => backend['runs.pause']({ id })
  const stop = (id: string) => backend['runs.stop']({ id })
  async function update(input: CallInput<'runs.update'>) {
    set(await backend['runs.update'](input))
  }
  /** Runs that were just removed, which one toast tells and gives back. */
  let removed: Pick<Run, 'id' | 'name'>[] = []
  let removedAt = -Infinity
  async function remove(id: string) {
    const run = byId.value.get(id)
    await backend['runs.remove']({ id })
    byId.value.delete(id)
    if (performance.now() - removedAt > together) removed = []
    removed = [...removed, { id, name: run?.name ?? id }]
    removedAt = performance.now()
    const these = removed
    notifications.show({
      name: 'removed',
      about: these.length === 1 ? these[0]!.name : counted(these.length, 'runs'),
      text: 'moved to trash',
      undo: () => restore(these.map((one) => one.id)),
    })
  }
  /** Brings runs back from the trash; those that are no longer there are told. */
  async function restore(ids: string[]) {
    removed = []
    for (const id of ids)
      await backend['runs.restore']({ id }).then(set, (error: unknown) => {
        const { message, advice = null } = toErrorData(error)
        notifications.show({ kind: 'bad', text: message, advice })
      })
  }

  return {
    byId,
    all,
    active,
    placeOf,
    queue,
    metrics,
    checkpoints,
    logs,
    loaded,
    load,
    loadMetrics,
    loadCheckpoints,
    stepsOf,
    checkpointAt,
    follow,
    start,
    resume,
    resumeHere,
    locate,
    kill,
    move,
    hold,
    pause,
    stop,
    update,
    remove,
  }
})
