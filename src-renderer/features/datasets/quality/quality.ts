import { defineStore } from 'pinia'
import { computed, ref, watch } from 'vue'
import { useRoute, useRouter } from 'vue-router'
import type { DatasetImage, DuplicatePair } from '#shared/contract'
import { backend } from '#backend'
import { useAnswer } from '#features/inspect/answer'
import { useApp } from '#shell/store'
import { fineOf, type Issue, issuesOf, pairsOf } from './issues'
import { useDatasets } from '#features/datasets/store'

/** Pairs and files that are asked for at once, and pictures beside an issue. */
const [listSize, exampleCount] = [100, 4]

/** How good the images of the data set are that the address names: what to look at, and what was decided. */
export const useQuality = defineStore('quality', () => {
  const app = useApp()
  const datasets = useDatasets()
  const route = useRoute()
  const router = useRouter()

  const dataset = computed(() =>
    route.path.startsWith('/datasets/') ? datasets.byId.get(String(route.params['id'])) : undefined,
  )
  /** Raised when pairs were found or decided. */
  const changes = ref(0)
  /** What changes with what a scan, a check or a person found. */
  const state = computed(() => {
    if (!dataset.value || dataset.value.status !== 'ready') return null
    const { id, scannedAt, excluded, copies, unreadable, unchecked, checking } = dataset.value
    return {
      ...{ id, scannedAt, excluded, copies, unreadable, unchecked },
      ...{ checking: checking !== null, changes: changes.value },
    }
  })
  const report = useAnswer(
    () => state.value,
    ({ id }) => backend['datasets.report']({ id }),
  ).answer
  const issues = computed(() => (dataset.value && report.value ? issuesOf(dataset.value, report.value) : []))
  const open = computed(() => issues.value.filter(({ kind }) => kind === 'warn'))
  const fine = computed(() =>
    dataset.value && report.value ? fineOf(dataset.value, report.value, issues.value) : [],
  )

  /** Some images of each issue, by its name. */
  const examples = useAnswer(
    () => (state.value ? { ...state.value, issues: issues.value.filter((issue) => issue.examples) } : null),
    async ({ id, issues: shown }) => {
      const range = { id, offset: 0, limit: exampleCount }
      const found = await Promise.all(
        shown.map(async (issue): Promise<[Issue['name'], DatasetImage[]]> => {
          const { images } = await backend['datasets.images']({ ...range, ...issue.examples })
          return [issue.name, images]
        }),
      )
      return new Map(found)
    },
  ).answer

  /** The issue that is looked at: the one that the address names, or else the first that can be. */
  const reviewable = (issue: Issue) => issue.name === 'damaged' || pairsOf(issue) !== null
  const chosen = computed(
    () =>
      issues.value.find((issue) => issue.name === route.query['issue'] && reviewable(issue)) ??
      issues.value.find(reviewable) ??
      null,
  )
  const choose = (name: Issue['name']) => router.replace({ query: { ...route.query, issue: name } })

  const kind = computed(() => chosen.value && pairsOf(chosen.value))
  const pairs = useAnswer(
    () => (state.value && kind.value ? { ...state.value, kind: kind.value } : null),
    ({ id, kind: asked }) => backend['datasets.duplicates']({ id, kind: asked, offset: 0, limit: listSize }),
  ).answer
  const place = ref(0)
  watch(kind, () => (place.value = 0))
  const pair = computed<DuplicatePair | null>(() => {
    const { pairs: listed = [] } = pairs.value ?? {}
    return listed[Math.min(place.value, listed.length - 1)] ?? null
  })
  function go(by: number) {
    const { length } = pairs.value?.pairs ?? []
    place.value = Math.max(0, Math.min(Math.min(place.value, length - 1) + by, length - 1))
  }

  /** What was decided last about a pair, so that it can be taken back. */
  const decided = ref<{ pair: DuplicatePair; kept: boolean } | null>(null)
  watch(
    () => dataset.value?.id,
    () => (decided.value = null),
  )
  async function decide(kept: boolean) {
    const id = dataset.value?.id
    const about = pair.value
    if (!id || !about) return
    await app.attempt(async () => {
      if (kept) await datasets.keepPair(id, about.copy.id, about.of.id, true)
      else await datasets.exclude(id, [about.copy.id], true)
      decided.value = { pair: about, kept }
      changes.value++
    })
  }
  async function undo() {
    const id = dataset.value?.id
    if (!id || !decided.value) return
    const { pair: about, kept } = decided.value
    await app.attempt(async () => {
      if (kept) await datasets.keepPair(id, about.copy.id, about.of.id, false)
      else await datasets.exclude(id, [about.copy.id], false)
      decided.value = null
      changes.value++
    })
  }

  const files = useAnswer(
    () => (state.value && chosen.value?.name === 'damaged' ? state.value : null),
    ({ id }) => backend['datasets.unreadable']({ id, offset: 0, limit: listSize }),
  ).answer

  return {
    dataset,
    report,
    refresh: () => changes.value++,
    issues,
    open,
    fine,
    examples,
    reviewable,
    chosen,
    choose,
    kind,
    pairs,
    place,
    pair,
    go,
    decided,
    decide,
    undo,
    files,
  }
})
