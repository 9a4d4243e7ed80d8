import { computed, ref } from 'vue'
import type { ImageChoice } from '#shared/contract'
import { evenlySpread } from '#shared/spread'
import { backend } from '#backend'
import type { Frame } from '#ui/pictures/Filmstrip.vue'
import { useAnswer } from '#features/inspect/answer'
import { useInspect } from '#features/inspect/store'
import { thumbnailUrl } from '#features/inspect/thumbnail'
import { useRuns } from '#features/runs/store'

/** What a film shows of each image. */
export const filmKinds = { prediction: 'Prediction', error: 'Error', pattern: 'Pattern only' } as const
export type FilmKind = keyof typeof filmKinds

/** Columns of the film. */
const columns = 12

/** At most so many of the steps, evenly chosen, the first and the last among them; and always the one that is shown. */
export function filmSteps(all: number[], shown?: number): number[] {
  const some = new Set([...evenlySpread(all, columns), ...(shown === undefined ? [] : [shown])])
  return all.filter((step) => some.has(step))
}

/**
 * Images at checkpoints from the first to the newest: the chosen one, computed anew unless it is one of the run's own, and
 * the run's own as each checkpoint kept them.
 */
export function useFilm() {
  const inspect = useInspect()
  const runs = useRuns()
  const kind = ref<FilmKind>('prediction')
  const kept = computed(() => runs.checkpoints.get(inspect.run!.id) ?? [])
  const steps = computed(() =>
    filmSteps(
      kept.value.map(({ step }) => step),
      inspect.checkpoint?.step,
    ),
  )
  const isOwn = computed(() => inspect.image?.source.kind === 'run')
  /** The pattern is in no file, and another image in no checkpoint. */
  const computedRow = computed(() => kind.value === 'pattern' || !isOwn.value)
  const ownRows = computed(() =>
    kind.value === 'pattern' ? 0 : rowsOf(kept.value.map((c) => c.reconstructions)),
  )

  const { answer, busy } = useAnswer(
    () =>
      computedRow.value && inspect.image
        ? { run: inspect.run!.id, image: inspect.image, order: inspect.order, steps: steps.value }
        : null,
    ({ steps, ...question }) =>
      Promise.all(
        steps.map(async (step) => ({
          step,
          ...(await backend['inspect.reconstruct']({ ...question, step })),
        })),
      ),
  )
  const frames = computed<Frame[]>(() =>
    steps.value.flatMap((step) => {
      const { reconstructions = [] } = kept.value.find((each) => each.step === step) ?? {}
      const found = answer.value?.find((each) => each.step === step)?.pictures[kind.value]
      const own = kind.value === 'pattern' ? [] : reconstructions.slice(0, ownRows.value)
      const panel = kind.value === 'pattern' ? undefined : kind.value
      const pictures = [
        ...(computedRow.value && found ? [{ path: found }] : []),
        ...own.map((path) => ({ path, panel })),
      ]
      return pictures.length ? [{ step, pictures }] : []
    }),
  )
  /** The images of the rows as they are. */
  const originals = computed(() => {
    const own: ImageChoice[] = inspect.fixed.slice(0, ownRows.value).map((path) => inspect.ofRun(path))
    return [...(computedRow.value && inspect.image ? [inspect.image] : []), ...own].map(thumbnailUrl)
  })
  return { kind, frames, originals, busy }
}

/** Rows that every checkpoint with pictures has. */
function rowsOf(files: string[][]): number {
  const counts = files.map(({ length }) => length).filter((length) => length > 0)
  return counts.length ? Math.min(...counts) : 0
}
