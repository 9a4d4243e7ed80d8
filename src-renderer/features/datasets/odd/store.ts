import { defineStore } from 'pinia'
import { computed, ref, watch } from 'vue'
import type { OddOrdinary } from '#shared/contract'
import { backend, onEvent } from '#backend'
import { useAnswer } from '#features/inspect/answer'
import { useDatasetImages } from '#features/datasets/images/images'
import { useRuns } from '#features/runs/store'
import { useApp } from '#shell/store'

const everyImage = 'All images'
const splitWords = { none: 'Images without split', train: 'Split train', validation: 'Split validation', test: 'Split test' } // prettier-ignore

/** What images were compared with. */
export function ordinaryWords({ classes = [], splits = [], tags = [] }: OddOrdinary): string {
  if (splits[0]) return splitWords[splits[0]]
  if (tags[0]) return `Tag ${tags[0]}`
  return classes[0] === undefined ? everyImage : `Class ${classes[0]}`
}

/** How hot each patch is shown: cold where even the least odd image has such a patch, hottest at the oddest of all. */
export const heatOf = (patches: number[], { low, high }: { low: number; high: number }) =>
  patches.map((distance) => Math.max(0, (distance - low) / (high - low || 1)))

/** The odd images of the data set that the address names: how odd each is beside ordinary ones, and from where on it is taken for odd. */
export const useOdd = defineStore('odd', () => {
  const app = useApp()
  const images = useDatasetImages()
  const runs = useRuns()

  const dataset = computed(() => (images.dataset?.status === 'ready' ? images.dataset : null))
  /** Raised when other images may be odd. */
  const changes = ref(0)
  const { answer } = useAnswer(
    () =>
      dataset.value && { id: dataset.value.id, scannedAt: dataset.value.scannedAt, changes: changes.value },
    ({ id }) => backend['datasets.odd']({ id }),
  )
  const found = computed(() => answer.value?.found ?? null)
  const runName = computed(() => runs.byId.get(found.value?.run ?? '')?.name ?? found.value?.run ?? '')
  /** How far the finding is; null while none is under way. */
  const share = computed(() => answer.value?.share ?? null)
  onEvent('datasets.findingOdd', ({ id, share: now }) => {
    if (id !== dataset.value?.id) return
    if (answer.value) answer.value = { ...answer.value, share: now }
    if (now !== null) return
    changes.value++
    images.refresh()
  })

  /** What images can be compared with. */
  const choices = computed(() => {
    const { classes = [], splits } = dataset.value ?? {}
    const all: OddOrdinary[] = [
      {},
      ...(['train', 'validation', 'test'] as const).flatMap((one) =>
        splits?.[one] ? [{ splits: [one] }] : [],
      ),
      ...classes.map(({ name }) => ({ classes: [name] })),
      ...(images.facets?.tags ?? []).map(({ name }) => ({ tags: [name] })),
    ]
    return all.map((ordinary) => ({ title: ordinaryWords(ordinary), value: ordinary }))
  })
  const chosen = ref<OddOrdinary>({})
  watch(
    () => dataset.value?.id,
    () => (chosen.value = {}),
  )
  async function find() {
    if (!dataset.value || !images.checkpoint) return
    answer.value = { found: found.value, share: 0 }
    const asked = { id: dataset.value.id, ...images.checkpoint, ordinary: chosen.value }
    await app.attempt(() => backend['datasets.findOdd'](asked))
  }
  const stop = () =>
    dataset.value && app.attempt(() => backend['datasets.stopFindingOdd']({ id: dataset.value!.id }))

  /** Where the person moves the threshold to; what is shown follows as fast as it can be counted. */
  const moved = ref<number | null>(null)
  watch(found, (now, before) => now?.at !== before?.at && (moved.value = null))
  const counted = useAnswer(
    () => (dataset.value && moved.value !== null ? { id: dataset.value.id, threshold: moved.value } : null),
    (question) => backend['datasets.setOddThreshold'](question),
  ).answer
  watch(counted, (now) => {
    if (!now || !answer.value) return
    answer.value = { ...answer.value, found: now }
    if (onlyOdd.value) void images.change({ odd: now.threshold })
  })
  const threshold = computed({
    get: () => moved.value ?? found.value?.threshold ?? 0,
    set: (to) => (moved.value = to),
  })
  /** Whether only images from the threshold on are listed. */
  const onlyOdd = computed(() => images.view.odd !== null)
  const show = (only: boolean) => images.change({ odd: only ? threshold.value : null })

  const patches = useAnswer(
    () =>
      dataset.value && found.value && images.image
        ? { id: dataset.value.id, image: images.image.id, at: found.value.at }
        : null,
    ({ id, image }) => backend['datasets.oddPatches']({ id, image }),
  ).answer
  const heat = computed(() => (patches.value && found.value ? heatOf(patches.value, found.value) : null))

  async function save() {
    const folder = await app.pickFolder('Where shall the table of odd images go?')
    const { id } = dataset.value ?? {}
    if (!folder || !id) return
    const written = await app.attempt(() => backend['datasets.exportOdd']({ id, folder }))
    if (written) app.say(`Table written: ${written.path}`)
  }

  return {
    ...{ found, runName, share, choices, chosen, find, stop },
    ...{ threshold, onlyOdd, show, heat, save },
  }
})
