import { defineStore } from 'pinia'
import { computed, ref } from 'vue'
import type { CallInput, Evaluation, EvaluationMetric, Score } from '#shared/contract'
import type { EvaluationKind } from '#shared/settings/evaluation'
import { backend, onEvent } from '#backend'

const keyOf = ({ run, id }: { run: string; id: string }) => `${run}/${id}`

/** All evaluations, and the details of those that a page shows. */
export const useEvaluations = defineStore('evaluations', () => {
  const byKey = ref(new Map<string, Evaluation>())
  const metrics = ref(new Map<string, EvaluationMetric[]>())
  const scores = ref(new Map<string, Score>())
  const loaded = ref(false)

  const all = computed(() => [...byKey.value.values()].sort((a, b) => (a.createdAt < b.createdAt ? 1 : -1)))

  /** What random weights reached where another evaluation asked the same: of the same kind, settings and images. */
  const baselineOf = ({ run, kind, settings, dataset, step, view }: Evaluation) =>
    step === null
      ? undefined
      : all.value.find(
          (other) =>
            other.run === run &&
            other.kind === kind &&
            other.step === null &&
            other.view === view &&
            other.score !== null &&
            other.dataset.folder === dataset.folder &&
            JSON.stringify(other.settings) === JSON.stringify(settings),
        )

  /** Seconds that the newest evaluation of a kind took; null where none was finished. */
  const secondsOf = (kind: EvaluationKind) =>
    all.value.find((one) => one.kind === kind && one.status === 'finished')?.seconds ?? null

  /** The fine-tunings of a run that made a classifier, newest first. */
  /** What names the classes of images, or has it as a by-product. */
  const classifiers = (run: string) =>
    all.value.filter((one) => one.run === run && one.kind !== 'segment' && one.score !== null)

  onEvent('evaluations.changed', (evaluation) => {
    byKey.value.set(keyOf(evaluation), evaluation)
    if (metrics.value.has(keyOf(evaluation))) void follow(evaluation)
  })
  onEvent('evaluations.removed', (place) => void byKey.value.delete(keyOf(place)))

  async function load() {
    const list = await backend['evaluations.list']({})
    byKey.value = new Map(list.map((evaluation) => [keyOf(evaluation), evaluation]))
    loaded.value = true
  }

  /** What the page of an evaluation shows. */
  async function follow({ run, id }: { run: string; id: string }) {
    const place = { run, id }
    const [found, score] = await Promise.all([
      backend['evaluations.metrics'](place),
      backend['evaluations.score'](place),
    ])
    metrics.value.set(keyOf(place), found)
    if (score) scores.value.set(keyOf(place), score)
  }

  /** Starts an evaluation and, where `compared` and nobody did so yet, the same of random weights after it. */
  async function start(input: CallInput<'evaluations.start'>, compared = false): Promise<Evaluation> {
    const evaluation = await backend['evaluations.start'](input)
    byKey.value.set(keyOf(evaluation), evaluation)
    if (compared && !baselineOf(evaluation)) {
      const baseline = await backend['evaluations.start']({ ...input, step: null })
      byKey.value.set(keyOf(baseline), baseline)
    }
    return evaluation
  }
  const resume = ({ run, id }: Evaluation) => backend['evaluations.resume']({ run, id })
  const stop = ({ run, id }: Evaluation) => backend['evaluations.stop']({ run, id })
  const remove = ({ run, id }: Evaluation) => backend['evaluations.remove']({ run, id })

  return {
    byKey,
    all,
    baselineOf,
    secondsOf,
    classifiers,
    metrics,
    scores,
    loaded,
    load,
    follow,
    start,
    resume,
    stop,
    remove,
  }
})
