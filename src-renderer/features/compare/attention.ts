import { computed, ref } from 'vue'
import type { CallOutput, Run } from '#shared/contract'
import { backend } from '#backend'
import { useAnswer } from '#features/inspect/answer'
import { attended, levelsOf, withMean } from '#features/inspect/attention/maps'
import { useRuns } from '#features/runs/store'
import { useComparison } from './store'

/** What one run attends to from the chosen patch. */
interface Seen {
  run: Run
  /** The image as the run sees it. */
  picture: string
  /** Patches in a row, and which of them is at the chosen place. */
  grid: number
  patch: number
  levels: number[]
  /** How far it looks on average, as a share of the image's side. */
  distance: number
}

/** The patch at a place of an image, which is a share of its sides, of so many patches in a row. */
export const patchAt = ({ x, y }: { x: number; y: number }, grid: number) =>
  Math.floor(y * grid) * grid + Math.floor(x * grid)

/**
 * What several runs attend to from the same place of the same image at the same step: the mean of the heads of the last block
 * (paper, Figure 4 and appendix E).
 */
export function useComparedAttention() {
  const comparison = useComparison()
  const runs = useRuns()
  /** The place that is looked from, in shares of the image, for runs may have patches of different sizes. */
  const place = ref({ x: 0.5, y: 0.5 })
  const gridOf = ({ hyperparameters: h }: Run) => h.imageSize / h.patchSize

  const { answer, busy } = useAnswer(
    () => {
      const path = comparison.large
      if (path === undefined) return null
      return comparison.chosen.flatMap((run) => {
        const checkpoint = runs.checkpointAt(run.id, comparison.step)
        return checkpoint
          ? [
              {
                run: run.id,
                step: checkpoint.step,
                image: { source: { kind: 'run' as const, id: comparison.ids[0]! }, path },
                order: { kind: 'raster' as const },
                view: 'full' as const,
                token: 1 + patchAt(place.value, gridOf(run)),
              },
            ]
          : []
      })
    },
    async (questions) => {
      const found: { run: string; token: number; attention: CallOutput<'inspect.attention'> }[] = []
      // One after the other: each loads a model. One that cannot answer is left out.
      for (const question of questions) {
        const attention = await backend['inspect.attention'](question).catch(() => null)
        if (attention) found.push({ run: question.run, token: question.token, attention })
      }
      return found
    },
  )
  const seen = computed(() =>
    (answer.value ?? []).flatMap(({ run: id, token, attention: { maps, picture } }): Seen[] => {
      const run = runs.byId.get(id)
      const map = withMean(maps.at(-1)!).at(-1)!
      if (!run) return []
      const [grid, patch] = [gridOf(run), token - 1]
      const distance = attended(map, patch).distance! / grid
      return [{ run, picture, grid, patch, levels: levelsOf(map, null), distance }]
    }),
  )
  /** Looks from the middle of a patch, of so many in a row. */
  const look = (patch: number, grid: number) =>
    (place.value = { x: ((patch % grid) + 0.5) / grid, y: (Math.floor(patch / grid) + 0.5) / grid })

  return { seen, busy, look }
}
