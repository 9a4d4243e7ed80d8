import { defineStore } from 'pinia'
import { computed, ref, watch } from 'vue'
import type { Estimate, Estimates, ExperimentScore } from '#shared/contract'
import { chance } from '#shared/finding'
import {
  type AblationName,
  ablations,
  type Changes,
  nameOfVariant,
  type PlannedRun,
  plannedRuns,
  type SweepPlan,
  titleOfVariant,
} from '#shared/settings/ablations'
import {
  allSettings,
  fromPreset,
  type Hyperparameters,
  hyperparametersSchema,
  type PresetName,
  settledBy,
} from '#shared/settings/hyperparameters'
import { backend } from '#backend'
import { settingsForm } from '#ui/settings/settings-form'
import { useDatasets } from '#features/datasets/store'
import { useEvaluations } from '#features/evaluation/store'

export type Question = AblationName | 'own'
type SettingName = keyof Hyperparameters

/** Milliseconds without a change before an estimate is asked for. */
const patience = 60
/** The share of images that gives a clearer answer where few are held out. */
export const clearer = 0.2

/** The form of a new experiment: what is compared, on which images, and what the variants share. */
export const useExperimentForm = defineStore('experiment-form', () => {
  const datasets = useDatasets()
  const evaluations = useEvaluations()
  const name = ref('')
  const dataset = ref<string | null>(null)
  watch(
    () => datasets.ready,
    (ready) => {
      if (!dataset.value || !datasets.byId.has(dataset.value)) dataset.value = ready[0]?.id ?? null
    },
    { immediate: true },
  )
  const preset = ref<PresetName>('nano')
  const seeds = ref(3)
  const scores = ref<ExperimentScore[]>(['knn', 'probe'])
  const baseline = ref(true)
  const presetValues = computed(() => fromPreset(preset.value, { validationFraction: 0.1 }))
  const form = settingsForm<Hyperparameters>(
    hyperparametersSchema,
    allSettings,
    presetValues,
    ({ objective }) => settledBy(objective),
  )

  const question = ref<Question>('order')
  const variants = ref<Changes[]>([])
  /** The settings that a person chose to vary. */
  const varied = ref<SettingName[]>(['order'])
  const asAsked = () =>
    question.value === 'own'
      ? ['stochastic', 'raster'].map((order): Changes => ({ order }))
      : ablations[question.value].variants(form.values.value)
  function ask(chosen: Question) {
    question.value = chosen
    variants.value = asAsked()
    if (chosen === 'own') varied.value = ['order']
  }
  ask(question.value)

  function choosePreset(chosen: PresetName) {
    preset.value = chosen
    form.values.value = fromPreset(chosen, { validationFraction: form.values.value.validationFraction })
    // Query depths depend on the depth of the model.
    if (question.value !== 'own') variants.value = asAsked()
  }

  /** The settings that differ between the variants. */
  const settings = computed(() => {
    const names =
      question.value === 'own'
        ? varied.value
        : [...new Set(variants.value.flatMap((changes) => Object.keys(changes) as SettingName[]))]
    return names.flatMap((wanted) => allSettings.find((setting) => setting.name === wanted) ?? [])
  })
  const valueOf = (variant: Changes, setting: SettingName) => variant[setting] ?? form.values.value[setting]
  function change(place: number, setting: SettingName, value: Changes[string]) {
    variants.value = variants.value.map((changes, i) =>
      i === place ? { ...changes, [setting]: value } : changes,
    )
  }
  /** Another variant like the last one, to be changed. */
  const add = () => void (variants.value = [...variants.value, { ...variants.value.at(-1)! }])
  const remove = (place: number) => void (variants.value = variants.value.filter((_, i) => i !== place))
  /** Varies other settings, with the variants' values where they have some. */
  function vary(names: SettingName[]) {
    varied.value = names
    variants.value = variants.value.map((changes) =>
      Object.fromEntries(names.map((setting) => [setting, valueOf(changes, setting)])),
    )
  }

  const plan = computed<SweepPlan>(() => {
    const asIs = question.value !== 'own' && JSON.stringify(variants.value) === JSON.stringify(asAsked())
    if (asIs) return { kind: 'ablation', ablation: question.value as AblationName }
    return {
      kind: 'vary',
      combine: 'list',
      axes: settings.value.map(({ name: setting }) => ({
        setting,
        values: variants.value.map((variant) => valueOf(variant, setting)),
      })),
    }
  })
  /** The runs that it would make, or why it cannot. */
  const planned = computed<{ runs: PlannedRun[]; problem: string | null }>(() => {
    try {
      const runs = plannedRuns(form.values.value, plan.value, seeds.value)
      const names = variants.value.map((variant) =>
        nameOfVariant(
          Object.fromEntries(settings.value.map(({ name: setting }) => [setting, valueOf(variant, setting)])),
        ),
      )
      const twice = names.findIndex((each, i) => names.indexOf(each) < i)
      const problem = twice < 0 ? null : `${titleOfVariant(variants.value[twice]!)} stands there twice.`
      return { runs: problem ? [] : runs, problem }
    } catch (error) {
      return { runs: [], problem: error instanceof Error ? error.message : String(error) }
    }
  })

  const estimates = ref<Estimates | null>(null)
  let asked = 0
  let timer: ReturnType<typeof setTimeout> | undefined
  watch(
    [() => JSON.stringify(planned.value.runs), dataset],
    () => {
      clearTimeout(timer)
      timer = setTimeout(() => void estimate(), patience)
    },
    { immediate: true },
  )
  async function estimate() {
    const turn = ++asked
    const hyperparameters = planned.value.runs
      .slice(0, variants.value.length)
      .map(({ hyperparameters: h }) => h)
    const answer =
      dataset.value && hyperparameters.length
        ? await backend['runs.estimate']({ dataset: dataset.value, hyperparameters }).catch(() => null)
        : null
    if (turn === asked) estimates.value = answer
  }

  const hasClasses = computed(() => (datasets.byId.get(dataset.value ?? '')?.classes.length ?? 0) > 1)
  /** How often something is scored: each run, and random weights once a seed. */
  const evaluationCount = computed(() =>
    hasClasses.value
      ? scores.value.length * (planned.value.runs.length + (baseline.value ? seeds.value : 0))
      : 0,
  )
  /** Seconds of all evaluations, as earlier ones took; null where one of them was never made. */
  const evaluationSeconds = computed(() => {
    const each = scores.value.map((kind) => {
      const earlier = evaluations.all.filter((one) => one.kind === kind && one.status === 'finished')
      return earlier.length ? earlier.reduce((sum, { seconds }) => sum + seconds, 0) / earlier.length : null
    })
    if (each.includes(null) || each.length === 0) return null
    const perRun = each.reduce<number>((sum, seconds) => sum + seconds!, 0)
    return (perRun * evaluationCount.value) / each.length
  })

  /** Seconds of training, without the evaluations; and the most memory and all of the disk that it takes. */
  const cost = computed(() => {
    const all = estimates.value?.all
    if (!all || all.length !== variants.value.length) return null
    const sum = (of: (one: Estimate) => number) => all.reduce((total, one) => total + of(one), 0)
    return {
      each: all.map(({ seconds }) => seconds),
      seconds: seeds.value * sum(({ seconds }) => seconds),
      memoryBytes: Math.max(...all.map(({ memoryBytes }) => memoryBytes)),
      diskBytes: seeds.value * sum(({ diskBytes }) => diskBytes),
      parameters: all[0]!.parameters,
    }
  })
  /** Images that scores would be made of: held out, or else of a test folder. */
  const testImages = computed(() => {
    const images = estimates.value?.images
    return images ? images.validation || images.test : 0
  })
  /** Points by which scores may differ by chance. */
  const chancePoints = computed(() => 100 * chance(testImages.value))
  const holdOutMore = () => form.set('validationFraction', clearer)

  const changedSettings = computed(
    () => allSettings.filter(({ name: setting }) => form.changed(setting)).length,
  )

  return {
    ...{ name, dataset, preset, seeds, scores, baseline, question, variants, varied },
    ...form,
    presetValues,
    ...{ ask, choosePreset, settings, valueOf, change, add, remove, vary, plan, planned, estimates },
    ...{ hasClasses, evaluationCount, evaluationSeconds, cost, testImages, chancePoints, holdOutMore },
    changedSettings,
  }
})
