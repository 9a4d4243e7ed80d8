import { defineStore } from 'pinia'
import { computed, ref } from 'vue'
import {
  type AblationName,
  axisOf,
  type PlannedRun,
  plannedRuns,
  type SweepPlan,
} from '#shared/settings/ablations'
import {
  allSettings,
  fromPreset,
  type Hyperparameters,
  hyperparametersSchema,
  type PresetName,
  settledBy,
} from '#shared/settings/hyperparameters'
import { settingsForm } from '#ui/settings-form'

/** A setting that is varied, with its values as they are typed. */
interface TypedAxis {
  setting: keyof Hyperparameters
  values: string
}

/** The form of a new experiment: what is compared, on which images, and the shared settings. */
export const useExperimentForm = defineStore('experiment-form', () => {
  const name = ref('')
  const dataset = ref<string | null>(null)
  const preset = ref<PresetName>('nano')
  const seeds = ref(1)
  /** A question of the paper, or `own` settings. */
  const question = ref<AblationName | 'own'>('objective')
  const axes = ref<TypedAxis[]>([{ setting: 'order', values: 'stochastic, raster' }])
  const combine = ref<'grid' | 'list'>('grid')
  const form = settingsForm<Hyperparameters>(
    hyperparametersSchema,
    allSettings,
    computed(() => fromPreset(preset.value)),
    ({ objective }) => settledBy(objective),
  )

  function choosePreset(chosen: PresetName) {
    preset.value = chosen
    form.values.value = fromPreset(chosen)
  }
  const addAxis = () => axes.value.push({ setting: 'seed', values: '' })
  const removeAxis = (place: number) => axes.value.splice(place, 1)

  /** The runs that it would make, or why it cannot. */
  const planned = computed<{ plan: SweepPlan | null; runs: PlannedRun[]; problem: string | null }>(() => {
    try {
      const plan: SweepPlan =
        question.value === 'own'
          ? {
              kind: 'vary',
              combine: combine.value,
              axes: axes.value.map(({ setting, values }) => axisOf(setting, values)),
            }
          : { kind: 'ablation', ablation: question.value }
      return { plan, runs: plannedRuns(form.values.value, plan, seeds.value), problem: null }
    } catch (error) {
      return { plan: null, runs: [], problem: error instanceof Error ? error.message : String(error) }
    }
  })

  return {
    name,
    dataset,
    preset,
    seeds,
    question,
    axes,
    combine,
    ...form,
    choosePreset,
    addAxis,
    removeAxis,
    planned,
  }
})
