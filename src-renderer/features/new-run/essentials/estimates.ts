import { defineStore } from 'pinia'
import { computed, ref, shallowRef, watch } from 'vue'
import type { Estimate, Estimates, Expectation } from '#shared/contract'
import { allSettings, type Hyperparameters, hyperparametersSchema } from '#shared/settings/hyperparameters'
import { duration } from '#shared/format'
import { listedAll } from '#shared/words'
import { backend } from '#backend'
import { latest } from '#ui/latest'
import { useRuns } from '#features/runs/store'
import { alternativesOf } from './alternatives'
import { useNewRun } from '#features/new-run/store'

type Maybe = Estimate | null

/** What the run of the form would take and is likely to reach, and what each other choice would. */
export const useEstimates = defineStore('estimates', () => {
  const newRun = useNewRun()
  const runs = useRuns()
  /** The setting whose values are compared. */
  const focused = ref<string | null>(null)
  const alternatives = computed(() => {
    const setting = allSettings.find(({ name }) => name === focused.value)
    return setting && newRun.valid ? alternativesOf(setting, newRun.values) : []
  })

  const answer = shallowRef<Omit<Estimates, 'all'> | null>(null)
  const chosen = shallowRef<Maybe>(null)
  const models = shallowRef<Maybe[]>([])
  const durations = shallowRef<Maybe[]>([])
  /** Of the focused setting: the settings with another value, and what they take. */
  const compared = shallowRef<{ hyperparameters: Hyperparameters; estimate: Maybe }[]>([])
  const expectation = shallowRef<Expectation | null>(null)

  const askEstimates = latest(async () => {
    const others = alternatives.value
    const groups = [
      [newRun.values],
      newRun.models.map(({ hyperparameters }) => hyperparameters),
      newRun.durations.map(({ hyperparameters }) => hyperparameters),
      others,
    ]
    const fit = groups.flat().map((h) => hyperparametersSchema.safeParse(h).data ?? null)
    const asked = fit.filter((h) => h !== null)
    const given =
      newRun.dataset && fit[0]
        ? await backend['runs.estimate']({ dataset: newRun.dataset, hyperparameters: asked }).catch(
            () => null,
          )
        : null
    const estimates = fit.map((h) => (h && given?.all[asked.indexOf(h)]) ?? null)
    const [first, ofModels, ofDurations, ofOthers] = groups.map(({ length }) => estimates.splice(0, length))
    answer.value = given
    chosen.value = first![0]!
    models.value = ofModels!
    durations.value = ofDurations!
    compared.value = others.map((hyperparameters, i) => ({ hyperparameters, estimate: ofOthers![i]! }))
  })
  watch([() => newRun.values, () => newRun.dataset, alternatives], askEstimates, {
    deep: true,
    immediate: true,
  })

  const askExpectation = latest(async () => {
    expectation.value =
      newRun.dataset && newRun.valid
        ? await backend['runs.expect']({ dataset: newRun.dataset, hyperparameters: newRun.values }).catch(
            () => null,
          )
        : null
  })
  watch(
    () => JSON.stringify([newRun.dataset, newRun.valid, ...likeness.map((name) => newRun.values[name])]),
    askExpectation,
    { immediate: true },
  )

  /** Asks for all anew, since runs may have begun or ended. */
  function renew() {
    askEstimates()
    askExpectation()
  }
  watch(() => runs.active?.id, renew)

  /** Seconds until it is done, with what trains and waits before it. */
  const secondsToEnd = computed(() => chosen.value && chosen.value.seconds + (answer.value?.waitSeconds ?? 0))
  /** Whether the values of the focused setting differ in what they take. */
  const differs = computed(() => {
    const [first, ...others] = compared.value.map(({ estimate }) => estimate)
    const figures = ['seconds', 'memoryBytes', 'learningRate'] as const
    return others.some((estimate) => figures.some((figure) => estimate?.[figure] !== first?.[figure]))
  })
  /** What the time comes from, and what it includes beside steps. */
  const basis = computed(() => [sourceOf(chosen.value), includedIn(chosen.value)].filter(Boolean).join(' '))
  const warningsAt = (choice: Estimate['warnings'][number]['at']) =>
    chosen.value?.warnings.filter(({ at }) => at === choice) ?? []

  return {
    focused,
    answer,
    chosen,
    models,
    durations,
    compared,
    differs,
    expectation,
    secondsToEnd,
    basis,
    warningsAt,
    renew,
  }
})

/** The settings that decide which earlier run is most like the new one. */
const likeness = ['objective', 'imageSize', 'patchSize', 'width', 'depth', 'heads', 'epochs'] as const

function sourceOf(estimate: Maybe): string {
  const from = estimate?.basis
  if (from?.kind === 'earlier-run') return `Timed on your run ${from.run}.`
  if (from?.kind === 'proof')
    return from.isSame
      ? `Measured here with this model, ${from.preset}.`
      : `Scaled from ${from.preset}, which was measured here.`
  if (from?.kind === 'other-run') return `Scaled from your run ${from.run}, another model or batch.`
  return 'Estimated from model size. More exact after your first run.'
}

/** Seconds below this are not worth a word. */
const brief = 0.5

function includedIn(estimate: Maybe): string {
  if (!estimate) return ''
  const { ready, validation, health, checkpoints } = estimate.parts
  const others = [
    [ready, 'to get ready'],
    [validation, 'of validation'],
    [health, 'of health checks'],
    [checkpoints, 'of checkpoints'],
  ] as const
  const words = others
    .filter(([seconds]) => seconds >= brief)
    .map(([seconds, what]) => `${duration(seconds)} ${what}`)
  return words.length ? `Includes ${listedAll(words)}.` : ''
}
