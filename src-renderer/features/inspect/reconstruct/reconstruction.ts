import { computed } from 'vue'
import type { CallInput, Run } from '#shared/contract'
import { placesOf } from '#shared/masks'
import { visiblePatches } from '#shared/settings/hyperparameters'
import { backend } from '#backend'
import { useRuns } from '#features/runs/store'
import { useAnswer } from '#features/inspect/answer'
import { useInspect } from '#features/inspect/store'

/** What a checkpoint predicts of an image. */
export const useReconstruction = (question: () => CallInput<'inspect.reconstruct'> | null) =>
  useAnswer(question, backend['inspect.reconstruct'])

/** The patch at the same place of the picture, where one is cut into `from` patches a side and the other into `to`. */
export function samePlace(patch: number, from: number, to: number): number {
  const along = (i: number) => Math.floor(((i + 0.5) / from) * to)
  return along(Math.floor(patch / from)) * to + along(patch % from)
}

/** What a run's checkpoint predicts of the chosen image, and details of the chosen patch. */
export function useRunReconstruction(run: () => Run) {
  const inspect = useInspect()
  const { answer, busy } = useReconstruction(() => inspect.question)

  /** Patches in a row. */
  const grid = computed(() => run().hyperparameters.imageSize / run().hyperparameters.patchSize)
  const patch = computed({
    get: () => samePlace(inspect.patch, inspect.grid, grid.value),
    set: (chosen) => (inspect.patch = samePlace(chosen, grid.value, inspect.grid)),
  })
  const places = computed(() => (answer.value ? placesOf(answer.value.order) : []))
  const place = computed(() => places.value[patch.value]!)
  /** With MAE the encoder sees this many patches and predicts the others from them; 0 with other objectives. */
  const visible = computed(() => visiblePatches(run().hyperparameters))
  const isGiven = computed(() => place.value < visible.value)
  const seen = computed(() => places.value.map((k) => (visible.value ? k < visible.value : k <= place.value)))
  return { answer, busy, grid, patch, places, place, visible, isGiven, seen }
}

/** Frames of the film. */
const frames = 10

/** At most ten of the steps, evenly chosen, the first and the last among them. */
export function filmSteps(all: number[]): number[] {
  if (all.length <= frames) return all
  return Array.from({ length: frames }, (_, i) => all[Math.round((i * (all.length - 1)) / (frames - 1))]!)
}

/** The prediction of the chosen image at checkpoints from the first to the last. */
export function useFilm() {
  const inspect = useInspect()
  const runs = useRuns()
  const steps = computed(() =>
    filmSteps((runs.checkpoints.get(inspect.run!.id) ?? []).map(({ step }) => step)),
  )
  const { answer } = useAnswer(
    () =>
      inspect.image && steps.value.length > 1
        ? { run: inspect.run!.id, image: inspect.image, order: inspect.order, steps: steps.value }
        : null,
    ({ steps, ...question }) =>
      Promise.all(
        steps.map(async (step) => {
          const { pictures, loss } = await backend['inspect.reconstruct']({ ...question, step })
          return { step, loss, path: pictures.prediction }
        }),
      ),
  )
  return answer
}
