import { defineStore } from 'pinia'
import { computed, ref } from 'vue'
import {
  type EvaluationKind,
  evaluationKinds,
  type EvaluationPlan,
  type Recipe,
  recipeOf,
} from '#shared/settings/evaluation'
import { settingsForm } from '#ui/settings/settings-form'

/** The settings of one kind of evaluation; they start from `given` and the defaults. */
function formOf(kind: EvaluationKind, given: () => object = () => ({})) {
  const { schema, settings } = evaluationKinds[kind]
  return settingsForm<Record<string, unknown>>(
    schema,
    settings,
    computed(() => schema.parse(given())),
  )
}

/** The form of a new evaluation: which weights, which data set, which method. */
export const useEvaluationForm = defineStore('evaluation-form', () => {
  const run = ref<string | null>(null)
  /** A step, `newest`, or `random` for untrained weights. */
  const weights = ref<number | 'newest' | 'random'>('newest')
  /** Null is the run's own data set. */
  const dataset = ref<string | null>(null)
  const kind = ref<EvaluationKind>('knn')
  /** Whether random weights are asked the same, so that the score can be told from none. */
  const baseline = ref(true)
  /** What the settings of the probe and of fine-tuning start from. */
  const recipe = ref<Recipe>('small')
  const begun = (kind: EvaluationKind) => recipeOf(recipe.value, kind)?.values ?? {}
  const forms = {
    knn: formOf('knn'),
    probe: formOf('probe', () => begun('probe')),
    finetune: formOf('finetune', () => begun('finetune')),
    segment: formOf('segment'),
  }
  const plan = computed(
    () => ({ kind: kind.value, settings: forms[kind.value].values.value }) as EvaluationPlan,
  )

  function chooseRecipe(name: Recipe) {
    recipe.value = name
    for (const kind of ['probe', 'finetune'] as const)
      forms[kind].values.value = evaluationKinds[kind].schema.parse(begun(kind))
  }

  return { run, weights, dataset, kind, baseline, recipe, chooseRecipe, forms, plan }
})
