import { defineStore } from 'pinia'
import { computed, ref, watch } from 'vue'
import { cluster as clusterSchema, type Cluster, type Estimate, type Run } from '#shared/contract'
import {
  allSettings,
  fromPreset,
  type Hyperparameters,
  hyperparametersSchema,
  learningRate,
  type PresetName,
  settledBy,
} from '#shared/settings/hyperparameters'
import { backend } from '#backend'
import { settingsForm } from '#ui/settings-form'

/** The form of a new run: its preset, the changes to it, their errors, and an estimate of the run. */
export const useTrainingForm = defineStore('training-form', () => {
  const dataset = ref<string | null>(null)
  const name = ref('')
  const preset = ref<PresetName>('nano')
  const presetValues = computed(() => fromPreset(preset.value))
  const form = settingsForm<Hyperparameters>(
    hyperparametersSchema,
    allSettings,
    presetValues,
    ({ objective }) => settledBy(objective),
  )
  const { values } = form
  const estimate = ref<Estimate | null>(null)
  const actualLearningRate = computed(() => learningRate(values.value))

  /** Where it is trained, as typed. */
  const place = ref<'here' | Cluster['launcher']>('here')
  const workers = ref('2')
  const address = ref('')
  /** The workers that train it; undefined for this machine, null if the input is invalid. */
  const cluster = computed(() => {
    if (place.value === 'here') return undefined
    const given = place.value === 'ray' && address.value.trim()
    const typed = { launcher: place.value, workers: Number(workers.value), address: given || null }
    return clusterSchema.safeParse(typed).data ?? null
  })
  const valid = computed(() => form.valid.value && cluster.value !== null)

  /** The run whose settings were taken over, and whether to start from its weights. */
  const model = ref<{ run: Run; weights: boolean } | null>(null)

  function take(run: Run, weights: boolean) {
    model.value = { run, weights }
    values.value = { ...run.hyperparameters }
    name.value = `${run.name}, again`
  }

  function choosePreset(name: PresetName) {
    preset.value = name
    values.value = fromPreset(name)
    model.value = null
  }

  let asked = 0
  let timer: ReturnType<typeof setTimeout> | undefined
  watch(
    [values, dataset],
    () => {
      clearTimeout(timer)
      timer = setTimeout(() => void ask(), 300)
    },
    { deep: true, immediate: true },
  )
  async function ask() {
    const question = ++asked
    const answer =
      dataset.value && valid.value
        ? await backend['runs.estimate']({ dataset: dataset.value, hyperparameters: [values.value] }).catch(
            () => null,
          )
        : null
    if (question === asked) estimate.value = answer?.all[0] ?? null
  }

  return {
    dataset,
    name,
    preset,
    ...form,
    valid,
    place,
    workers,
    address,
    cluster,
    estimate,
    actualLearningRate,
    model,
    take,
    choosePreset,
  }
})
