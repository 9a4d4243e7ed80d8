import { computed } from 'vue'
import { placesOf } from '#shared/masks'
import { hasView } from '#shared/settings/objectives'
import { visiblePatches } from '#shared/settings/hyperparameters'
import { backend } from '#backend'
import { useAnswer } from '#features/inspect/answer'
import { useInspect } from '#features/inspect/store'

/** What the chosen checkpoint predicts of the chosen image, and what is known of the chosen patch. */
export function useReconstruction() {
  const inspect = useInspect()
  const { answer, failed } = useAnswer(() => inspect.question, backend['inspect.reconstruct'])

  const objective = computed(() => inspect.run!.hyperparameters.objective)
  /** Whether patches are predicted one after the other. */
  const sequential = computed(() => hasView(objective.value, 'autoregression'))
  const masked = computed(() => hasView(objective.value, 'masks'))
  const patches = computed(() => inspect.grid ** 2)
  const places = computed(() => (answer.value ? placesOf(answer.value.order) : []))
  /** Where the chosen patch stands in the order, from 0. */
  const place = computed({
    get: () => places.value[inspect.patch] ?? 0,
    set: (place) => {
      const patch = answer.value?.order[Math.min(Math.max(0, place), patches.value - 1)]
      if (patch !== undefined) inspect.patch = patch
    },
  })
  /** With MAE the encoder sees this many patches and predicts the others from them; 0 with other objectives. */
  const visible = computed(() => visiblePatches(inspect.run!.hyperparameters))
  const isGiven = computed(() => place.value < visible.value)
  /** How many patches the prediction of the chosen one could see, and which. */
  const sees = computed(() => (sequential.value ? place.value : visible.value))
  const seen = computed(() => places.value.map((k) => k < sees.value))
  /** Patches that come after the chosen one. */
  const later = computed(() => (sequential.value ? places.value.map((k) => k > place.value) : []))
  return { answer, failed, sequential, masked, patches, places, place, isGiven, sees, seen, later }
}
