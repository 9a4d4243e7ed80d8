import { defineStore } from 'pinia'
import { computed, ref, watch } from 'vue'
import type { Estimate } from '../../src-shared/contract'
import {
  allSettings,
  fromPreset,
  type Hyperparameters,
  hyperparametersSchema,
  learningRate,
  type PresetName,
  type SettingName,
} from '../../src-shared/hyperparameters'
import { backend } from '../backend'

/** The form of a new run: preset, changes to it, what is wrong with them and what the run would take. */
export const useTrainingForm = defineStore('training-form', () => {
  const dataset = ref<string | null>(null)
  const name = ref('')
  const preset = ref<PresetName>('nano')
  const values = ref<Hyperparameters>(fromPreset('nano'))
  const advanced = ref(false)
  const estimate = ref<Estimate | null>(null)

  const groups = computed(() => {
    const shown = allSettings.filter((setting) => advanced.value || setting.simple)
    return [...new Set(shown.map(({ group }) => group))].map((group) => ({
      group,
      settings: shown.filter((setting) => setting.group === group),
    }))
  })

  /** The first thing wrong with each setting. */
  const errors = computed(() => {
    const found: Partial<Record<SettingName, string>> = {}
    const result = hyperparametersSchema.safeParse(values.value)
    for (const { path, message } of result.error?.issues ?? []) found[path[0] as SettingName] ??= message
    return found
  })
  const valid = computed(() => Object.keys(errors.value).length === 0)
  /** Errors of settings that the simple form hides would otherwise not be seen. */
  const hiddenErrors = computed(() =>
    allSettings.filter(({ name, simple }) => !advanced.value && !simple && errors.value[name]),
  )

  const presetValues = computed(() => fromPreset(preset.value))
  const changed = (name: SettingName) => values.value[name] !== presetValues.value[name]
  const reset = (name: SettingName) => Object.assign(values.value, { [name]: presetValues.value[name] })
  const actualLearningRate = computed(() => learningRate(values.value))

  function choosePreset(name: PresetName) {
    preset.value = name
    values.value = fromPreset(name)
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
        ? await backend['runs.estimate']({ dataset: dataset.value, hyperparameters: values.value }).catch(
            () => null,
          )
        : null
    if (question === asked) estimate.value = answer
  }

  return {
    dataset,
    name,
    preset,
    values,
    advanced,
    estimate,
    groups,
    errors,
    valid,
    hiddenErrors,
    actualLearningRate,
    changed,
    reset,
    choosePreset,
  }
})
