import { defineStore } from 'pinia'
import { computed, ref, shallowRef } from 'vue'
import { useRouter } from 'vue-router'
import type { Run } from '#shared/contract'
import { evaluationKinds } from '#shared/settings/evaluation'
import { counted } from '#shared/words'
import { useApp } from '#shell/store'
import { useEvaluations } from '#features/evaluation/store'
import { useRuns } from './store'
import { useRunsTable } from './table'

/** A comparison of more is not to be read. */
export const mostCompared = 6

/** What can be done with several runs at once. */
export const useRunActions = defineStore('run-actions', () => {
  const app = useApp()
  const runs = useRuns()
  const table = useRunsTable()
  const evaluations = useEvaluations()
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
  /** Pins all of the runs, or unpins them where all are pinned; the same for the archive. */
  async function toggle(of: Run[], what: 'pinned' | 'archived') {
    const value = !of.every((run) => run[what])
    await each(of, ({ id }) => runs.update({ id, [what]: value }))
    if (what === 'archived') leave(of)
  }
  /** Moves runs to the trash, from which Undo brings them back. */
  async function remove(of: Run[]) {
    await each(of, ({ id }) => runs.remove(id))
    leave(of)
  }
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

  return {
    tagging,
    subject,
    askForTags,
    canCompare,
    compare,
    toggle,
    remove,
    knownTags,
    sharedTags,
    tag,
    evaluate,
  }
})
