import { defineStore } from 'pinia'
import { computed, ref } from 'vue'
import type { Run } from '#shared/contract'
import { allSettings } from '#shared/settings/hyperparameters'
import { settingValue } from '#ui/format'
import { useTableChoices } from '#ui/table/choices'
import type { Group } from '#ui/table/table'
import { useExperiments } from '#features/experiments/store'
import { modelOf } from './columns'
import { stateOf } from './status'
import { useRuns } from './store'

export const views = { all: 'All', pinned: 'Pinned', archived: 'Archived' } as const
export type View = keyof typeof views

/** The name under which the choices of this table are kept. */
export const tableName = 'runs'

export const groupings = {
  date: 'Date',
  dataset: 'Data set',
  experiment: 'Experiment',
  tag: 'Tag',
  none: 'None',
} as const
export type Grouping = keyof typeof groupings

/** A way to filter runs: by one of its values. */
export interface Facet {
  key: string
  title: string
  valueOf: (run: Run) => string
}

const ofSettings = allSettings.map((setting): Facet => ({
  key: setting.name,
  title: setting.title,
  valueOf: ({ hyperparameters }) => settingValue(setting, hyperparameters[setting.name]),
}))
const basic: Facet[] = [
  { key: 'status', title: 'Status', valueOf: (run) => stateOf(run, -1).word },
  { key: 'model', title: 'Model', valueOf: ({ hyperparameters }) => modelOf(hyperparameters) },
  { key: 'dataset', title: 'Data set', valueOf: ({ dataset }) => dataset.name },
]

/** Which runs the table shows, in which groups. */
export const useRunsTable = defineStore('runs-table', () => {
  const runs = useRuns()
  const experiments = useExperiments()
  const tables = useTableChoices()
  const view = ref<View>('all')
  const search = ref('')
  /** The values that each filter lets pass. */
  const filters = ref(new Map<string, string[]>())
  const selected = ref<string[]>([])

  const grouping = computed({
    get: () => (tables.of(tableName).grouping ?? 'date') as Grouping,
    set: (chosen) => tables.change(tableName, { grouping: chosen }),
  })

  const inView = computed(() =>
    runs.all.filter(({ pinned, archived }) =>
      view.value === 'archived' ? archived : !archived && (view.value === 'all' || pinned),
    ),
  )
  /** The filters by settings that somebody added, behind the usual ones. */
  const facets = computed(() => [...basic, ...ofSettings.filter(({ key }) => filters.value.has(key))])
  /** The settings that not all runs share, without those that are filters already. */
  const addable = computed(() =>
    ofSettings.filter(
      ({ key, valueOf }) => !filters.value.has(key) && new Set(inView.value.map(valueOf)).size > 1,
    ),
  )
  const passes = (run: Run, but?: string) =>
    facets.value.every(({ key, valueOf }) => {
      const chosen = filters.value.get(key) ?? []
      return key === but || chosen.length === 0 || chosen.includes(valueOf(run))
    })
  const found = computed(() => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean)
    return inView.value.filter((run) => {
      const text = [run.name, run.dataset.name, ...run.tags].join(' ').toLowerCase()
      return words.every((word) => text.includes(word)) && passes(run)
    })
  })
  /** The values of a facet among the runs that the other filters let pass, with their counts. */
  function valuesOf({ key, valueOf }: Facet): { value: string; runs: number }[] {
    const counts = new Map((filters.value.get(key) ?? []).map((value) => [value, 0]))
    for (const run of inView.value)
      if (passes(run, key)) counts.set(valueOf(run), (counts.get(valueOf(run)) ?? 0) + 1)
    return [...counts].map(([value, n]) => ({ value, runs: n })).sort((a, b) => (a.value < b.value ? -1 : 1))
  }
  const filter = (key: string, values: string[] | null) =>
    void (values ? filters.value.set(key, values) : filters.value.delete(key))
  const isFiltered = computed(
    () => search.value.trim() !== '' || [...filters.value.values()].some(({ length }) => length > 0),
  )
  function clear() {
    search.value = ''
    filters.value.clear()
  }

  const experimentOf = computed(
    () => new Map(experiments.all.flatMap((e) => e.runs.map((id): [string, string] => [id, e.name]))),
  )
  const kindOf = (run: Run): string => {
    if (grouping.value === 'date') return dayOf(run.createdAt, Date.now())
    if (grouping.value === 'dataset') return run.dataset.name
    if (grouping.value === 'experiment') return experimentOf.value.get(run.id) ?? 'No experiment'
    return run.tags[0] ?? 'No tag'
  }
  const isNow = ({ id, status }: Run) =>
    status === 'running' || status === 'starting' || runs.placeOf(id) >= 0

  /** What trains and waits first, in the order of the queue; then the groups as they come from the newest run on. */
  const groups = computed<Group<Run>[]>(() => {
    const now = found.value.filter(isNow).sort((a, b) => runs.placeOf(a.id) - runs.placeOf(b.id))
    const rest = found.value.filter((run) => !isNow(run)).sort((a, b) => (a.createdAt < b.createdAt ? 1 : -1))
    const first: Group<Run> = { key: 'now', title: 'Now', rows: now, ordered: true }
    if (grouping.value === 'none')
      return [first, { key: 'rest', title: now.length ? 'Others' : null, rows: rest }]
    const kinds = new Map<string, Run[]>()
    for (const run of rest) {
      const kind = kindOf(run)
      if (!kinds.get(kind)?.push(run)) kinds.set(kind, [run])
    }
    // What belongs to nothing comes last.
    const last = (title: string) => title === 'No tag' || title === 'No experiment'
    return [
      first,
      ...[...kinds]
        .sort(([a], [b]) => Number(last(a)) - Number(last(b)))
        .map(([title, rows]) => ({ key: `of ${title}`, title, rows })),
    ]
  })

  const chosen = computed(() => selected.value.flatMap((id) => runs.byId.get(id) ?? []))

  return {
    view,
    search,
    filters,
    selected,
    grouping,
    facets,
    addable,
    found,
    valuesOf,
    filter,
    isFiltered,
    clear,
    groups,
    chosen,
  }
})

/** The group of a day: Today, Yesterday or Earlier. */
export function dayOf(iso: string, now: number): string {
  const midnight = (time: number) => new Date(time).setHours(0, 0, 0, 0)
  const days = Math.round((midnight(now) - midnight(Date.parse(iso))) / 86_400_000)
  return days <= 0 ? 'Today' : days === 1 ? 'Yesterday' : 'Earlier'
}
