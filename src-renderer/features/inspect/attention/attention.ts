import { computed, ref, watch } from 'vue'
import type { AttentionView } from '#shared/contract'
import { hasView } from '#shared/settings/objectives'
import { backend } from '#backend'
import { series } from '#ui/tokens'
import type { Line } from '#ui/chart/LineChart.vue'
import { useAnswer } from '#features/inspect/answer'
import { useInspect } from '#features/inspect/store'
import { attended, levelsOf, withMean } from './maps'

const allViews: { title: string; value: AttentionView }[] = [
  { title: 'Full, no mask', value: 'full' },
  { title: 'Content stream', value: 'content' },
  { title: 'Query stream', value: 'query' },
]

/** What a token attends to, in all blocks and heads, and one of these maps larger. */
export function useAttention() {
  const inspect = useInspect()
  const view = ref<AttentionView>('full')
  const from = ref<'patch' | 'class'>('patch')
  const scale = ref<'each' | 'shared'>('each')
  const opacity = ref(0.62)
  const block = ref(0)
  /** The last is the mean of the heads. */
  const head = ref(0)

  const h = computed(() => inspect.run!.hyperparameters)
  /** Some objectives have no masked streams, and some models no query blocks. */
  const views = computed(() =>
    allViews.filter(
      ({ value }) =>
        value === 'full' ||
        (hasView(h.value.objective, 'streams') && (value === 'content' || h.value.queryDepth > 0)),
    ),
  )
  watch(views, (all) => {
    if (!all.some(({ value }) => value === view.value)) view.value = 'full'
  })
  /** The query stream has no class token. */
  const isClass = computed(() => from.value === 'class' && view.value !== 'query')

  const { answer, failed } = useAnswer(
    () =>
      inspect.question && {
        ...inspect.question,
        view: view.value,
        token: isClass.value ? 0 : 1 + inspect.patch,
      },
    backend['inspect.attention'],
  )
  const blocks = computed(() => (answer.value?.maps ?? []).map(withMean))
  watch(
    () => blocks.value.length,
    (length) => (block.value = Math.max(0, length - 1)),
  )
  const most = computed(() =>
    blocks.value.flat().reduce((most, map) => Math.max(most, ...map.slice(1)), Number.EPSILON),
  )
  /** Heat over the patches, [blocks][heads and mean][patches]. */
  const levels = computed(() =>
    blocks.value.map((heads) =>
      heads.map((map) => levelsOf(map, scale.value === 'shared' ? most.value : null)),
    ),
  )
  const nameOf = (head: number) => (head === (blocks.value[0]?.length ?? 0) - 1 ? 'Mean' : `Head ${head + 1}`)

  const chosen = computed(() => {
    const map = blocks.value[block.value]?.[head.value]
    if (!map) return null
    return {
      title: `Block ${block.value + 1}, ${nameOf(head.value).toLowerCase()}`,
      levels: levels.value[block.value]![head.value]!,
      ...attended(map, isClass.value ? null : inspect.patch),
    }
  })
  /** The map before or after the chosen one, block by block. */
  function move(by: number) {
    const heads = blocks.value[0]?.length ?? 1
    const place = block.value * heads + head.value + by
    if (place < 0 || place >= heads * blocks.value.length) return
    block.value = Math.floor(place / heads)
    head.value = place % heads
  }
  /** How far the patches look, by block: a line for each head; of more than six, their mean. */
  const distances = computed<Line[]>(() => {
    const all = answer.value?.distances ?? []
    const x = all.map((_, i) => i + 1)
    const heads = all[0]?.length ?? 0
    if (heads > series.length)
      return [
        { label: 'Mean', color: series[0], x, y: all.map((each) => each.reduce((a, b) => a + b) / heads) },
      ]
    return Array.from({ length: heads }, (_, i) => ({
      label: `Head ${i + 1}`,
      color: series[i]!,
      x,
      y: all.map((each) => each[i]!),
    }))
  })
  return {
    ...{ view, views, from, isClass, scale, opacity, block, head, nameOf },
    ...{ answer, failed, levels, most, chosen, move, distances },
  }
}
