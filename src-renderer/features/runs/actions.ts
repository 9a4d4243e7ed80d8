import {
  mdiArchiveOutline,
  mdiArrowDown,
  mdiArrowUp,
  mdiClose,
  mdiCompare,
  mdiContentCopy,
  mdiExportVariant,
  mdiFolderOutline,
  mdiMonitor,
  mdiPause,
  mdiPencilOutline,
  mdiPinOutline,
  mdiPlayOutline,
  mdiSourceBranch,
  mdiStop,
  mdiTagOutline,
  mdiTarget,
  mdiTrashCanOutline,
} from '@mdi/js'
import { defineStore } from 'pinia'
import { computed, ref, shallowRef } from 'vue'
import { useRouter } from 'vue-router'
import type { Run } from '#shared/contract'
import { evaluationKinds } from '#shared/settings/evaluation'
import { counted } from '#shared/words'
import { useAsking } from '#shell/deeds/asking'
import type { Deed } from '#shell/deeds/deed'
import { useNotifications } from '#shell/notifications/notifications'
import { useApp } from '#shell/store'
import { useEvaluations } from '#features/evaluation/store'
import { useRemedies } from '#features/run/overview/remedies'
import { useRuns } from './store'
import { useRunsTable } from './table'

/** A comparison of more is not to be read. */
export const mostCompared = 6

/** What can be done with runs: their menus, the bar of those selected, keys and palette are made of it. */
export const useRunActions = defineStore('run-actions', () => {
  const app = useApp()
  const runs = useRuns()
  const table = useRunsTable()
  const evaluations = useEvaluations()
  const remedies = useRemedies()
  const notifications = useNotifications()
  const asking = useAsking()
  const router = useRouter()
  /** Whether the dialog of tags is open, and the runs that it is about. */
  const tagging = ref(false)
  const subject = shallowRef<Run[]>([])
  function askForTags(of: Run[]) {
    subject.value = of
    tagging.value = true
  }

  const canCompare = (of: Run[]) => of.length > 1 && of.length <= mostCompared
  const compare = (of: Run[]) =>
    router.push({ path: '/compare', query: { runs: of.map(({ id }) => id).join(',') } })

  const each = (of: Run[], change: (run: Run) => Promise<unknown>) =>
    app.attempt(async () => {
      for (const run of of) await change(run)
    })
  const aboutOf = (of: Run[]) => (of.length === 1 ? of[0]!.name : counted(of.length, 'runs'))
  /** Pins all of the runs, or unpins them where all are pinned. */
  function pin(of: Run[]) {
    const pinned = !of.every((run) => run.pinned)
    return each(of, ({ id }) => runs.update({ id, pinned }))
  }
  /** Moves runs into the archive, or out of it where all are there; Undo takes it back. */
  async function archive(of: Run[]) {
    const archived = !of.every((run) => run.archived)
    await each(of, ({ id }) => runs.update({ id, archived }))
    leave(of)
    notifications.show({
      name: 'archived',
      about: aboutOf(of),
      text: archived ? 'moved to the archive' : 'taken out of the archive',
      undo: () => each(of, ({ id, archived: before }) => runs.update({ id, archived: before })),
    })
  }
  /** Moves runs to the trash, from which Undo brings them back. */
  async function remove(of: Run[]) {
    await each(of, ({ id }) => runs.remove(id))
    leave(of)
    const shown = String(router.currentRoute.value.params['id'])
    if (of.some(({ id }) => id === shown) && !runs.byId.has(shown)) await router.push('/runs')
  }
  const rename = ({ id, name }: Run) =>
    asking.ask({
      ...{ title: 'Rename run', field: { label: 'Name', value: name }, action: 'Rename' },
      run: (chosen) => app.attempt(() => runs.update({ id, name: chosen })),
    })
  /** Runs that went elsewhere are no longer selected. */
  function leave(of: Run[]) {
    table.selected = table.selected.filter((id) => !of.some((run) => run.id === id))
  }

  const knownTags = computed(() => [...new Set(runs.all.flatMap(({ tags }) => tags))].sort())
  const sharedTags = (of: Run[]) =>
    (of[0]?.tags ?? []).filter((tag) => of.every(({ tags }) => tags.includes(tag)))
  /** Gives the runs these tags in common; each keeps its other ones. */
  async function tag(chosen: string[]) {
    const of = subject.value
    const before = sharedTags(of)
    tagging.value = false
    await each(of, ({ id, tags }) =>
      runs.update({ id, tags: [...new Set([...tags.filter((one) => !before.includes(one)), ...chosen])] }),
    )
  }

  /** Opens the evaluations of one run; asks the newest checkpoints of several by kNN. */
  async function evaluate(of: Run[]) {
    if (of.length === 1) return router.push(`/runs/${of[0]!.id}/evaluation`)
    const plan = { kind: 'knn' as const, settings: evaluationKinds.knn.schema.parse({}) }
    await each(of, async ({ id }) => {
      await runs.loadCheckpoints(id)
      const step = runs.checkpoints.get(id)?.at(-1)?.step
      if (step !== undefined) await evaluations.start({ run: id, step, plan })
    })
    app.say(
      `${counted(of.length, 'runs')} are evaluated by kNN`,
      'Results stand under Evaluation of each run.',
    )
  }

  /** Everything that can be done with these runs as they are now. */
  const deedsOf = (of: Run[]): Deed[] => [...(of.length === 1 ? deedsOfOne(of[0]!) : []), ...deedsOfSome(of)]

  function deedsOfOne(run: Run): Deed[] {
    const { id, status } = run
    const place = runs.placeOf(id)
    const rests = !trains(run) && status !== 'queued' && status !== 'finished'
    const go = (path: string) => () => router.push(path)
    const move = (by: number) => () => app.attempt(() => runs.move(id, place + by))
    const found: (Deed | false)[] = [
      trains(run) && {
        ...{ id: 'pause', title: 'Pause', icon: mdiPause, keys: 'P', disabled: remedies.ending.has(id) },
        run: () => remedies.pause(id),
      },
      trains(run) && {
        ...{ id: 'stop', title: 'Stop', icon: mdiStop, disabled: remedies.ending.has(id) },
        run: () => remedies.stop(id),
      },
      rests && {
        ...{ id: 'resume', title: 'Resume', icon: mdiPlayOutline, keys: 'P' },
        run: () => remedies.resume(id),
      },
      rests &&
        run.cluster !== null && {
          ...{ id: 'resume-here', title: 'Resume on this machine', of: 'Resume on this machine:' },
          ...{ icon: mdiMonitor, run: () => app.attempt(() => runs.resumeHere(run)) },
        },
      place >= 0 && {
        ...{ id: 'up', title: 'Move up', of: 'Move up in the queue:', icon: mdiArrowUp },
        ...{ disabled: place === 0, run: move(-1) },
      },
      place >= 0 && {
        ...{ id: 'down', title: 'Move down', of: 'Move down in the queue:', icon: mdiArrowDown },
        ...{ disabled: place === runs.queue.ids.length - 1, run: move(1) },
      },
      place >= 0 && {
        ...{ id: 'dequeue', title: 'Remove from queue', of: 'Remove from queue:', icon: mdiClose },
        run: () => app.attempt(() => runs.stop(id)),
      },
      {
        ...{ id: 'like', title: 'New run with these settings', of: 'New run with the settings of' },
        ...{ icon: mdiContentCopy, run: go(`/new?like=${id}`) },
      },
      (runs.checkpoints.get(id)?.length ?? 1) > 0 && {
        ...{ id: 'from', title: 'New run from these weights', of: 'New run from the weights of' },
        ...{ icon: mdiSourceBranch, run: go(`/new?from=${id}`) },
      },
      { id: 'export', title: 'Export', icon: mdiExportVariant, run: go(`/runs/${id}/checkpoints`) },
      { id: 'rename', title: 'Rename', icon: mdiPencilOutline, run: () => rename(run) },
      app.isElectron && {
        ...{ id: 'files', title: 'Show files', of: 'Show files of', icon: mdiFolderOutline },
        run: () => app.reveal(run.folder),
      },
    ]
    return found.filter((deed) => deed !== false)
  }

  function deedsOfSome(of: Run[]): Deed[] {
    const found: (Deed | false)[] = [
      canCompare(of) && {
        ...{ id: 'compare', title: 'Compare', icon: mdiCompare, keys: 'C', run: () => compare(of) },
      },
      { id: 'evaluate', title: 'Evaluate', icon: mdiTarget, run: () => evaluate(of) },
      {
        ...{ id: 'pin', title: of.every(({ pinned }) => pinned) ? 'Unpin' : 'Pin', icon: mdiPinOutline },
        run: () => pin(of),
      },
      { id: 'tag', title: 'Tag', icon: mdiTagOutline, keys: 'T', run: () => askForTags(of) },
      {
        ...{ id: 'archive', title: of.every(({ archived }) => archived) ? 'Unarchive' : 'Archive' },
        ...{ icon: mdiArchiveOutline, keys: 'E', run: () => archive(of) },
      },
      !of.some(trains) && {
        ...{ id: 'trash', title: 'Move to trash', of: 'Move to trash:', icon: mdiTrashCanOutline },
        ...{ keys: 'Del', apart: true, run: () => remove(of) },
      },
    ]
    return found.filter((deed) => deed !== false)
  }

  return {
    tagging,
    subject,
    canCompare,
    deedsOf,
    knownTags,
    sharedTags,
    tag,
  }
})

const trains = ({ status }: Run) => status === 'running' || status === 'starting'
