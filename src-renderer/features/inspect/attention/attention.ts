import { computed, ref, watch } from 'vue'
import { hasView } from '#shared/settings/objectives'
import type { AttentionView } from '#shared/contract'
import { backend } from '#backend'
import { useAnswer } from '#features/inspect/answer'
import { useInspect } from '#features/inspect/store'

const allViews: { title: string; value: AttentionView }[] = [
  { title: 'Full visibility, as in recognition', value: 'full' },
  { title: 'Content stream, masked', value: 'content' },
  { title: 'Query stream, masked', value: 'query' },
]

/** What a token attends to, in a chosen stream and block. */
export function useAttention() {
  const inspect = useInspect()
  const view = ref<AttentionView>('full')
  const layer = ref(1)
  const fromClass = ref(false)
  const relative = ref(true)

  /** Some objectives have no masked streams. */
  const views = computed(() =>
    hasView(inspect.run!.hyperparameters.objective, 'streams') ? allViews : allViews.slice(0, 1),
  )
  watch(views, ([first, ...others]) => {
    if (others.length === 0) view.value = first!.value
  })
  const layers = computed(() => {
    const h = inspect.run!.hyperparameters
    return view.value === 'query' ? h.queryDepth : h.depth
  })
  watch(layers, (count) => (layer.value = count), { immediate: true })
  /** The query stream has no class token. */
  const isClass = computed(() => fromClass.value && view.value !== 'query')

  const { answer } = useAnswer(
    () =>
      inspect.question && layers.value > 0
        ? {
            ...inspect.question,
            view: view.value,
            layer: layer.value - 1,
            token: isClass.value ? 0 : 1 + inspect.patch,
          }
        : null,
    backend['inspect.attention'],
  )
  /** The attention to each patch, as a share of the largest if `relative`. */
  const levels = (attention: number[]) => {
    const patches = attention.slice(1)
    const largest = relative.value ? Math.max(...patches, Number.MIN_VALUE) : 1
    return patches.map((value) => value / largest)
  }
  const maps = computed(() =>
    answer.value
      ? [
          { title: 'Mean of the heads', levels: levels(answer.value.mean) },
          ...answer.value.heads.map((head, i) => ({ title: `Head ${i + 1}`, levels: levels(head) })),
        ]
      : [],
  )
  return { view, views, layer, layers, fromClass, isClass, relative, answer, maps }
}
