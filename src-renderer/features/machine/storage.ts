import { defineStore } from 'pinia'
import { computed, ref } from 'vue'
import type { CallOutput } from '#shared/contract'
import { counted } from '#shared/words'
import { backend } from '#backend'
import { bytes } from '#ui/format'
import { useApp } from '#shell/store'

/** Which checkpoints a clean-up keeps beside the newest. */
export const rules = [
  { title: 'Newest and best', keepEvery: 0, keepBest: 1 },
  { title: 'Every 5th as well', keepEvery: 5, keepBest: 1 },
]
type Rule = (typeof rules)[number]

/** What takes room on the disk, in bytes, and what can be deleted. */
export const useStorage = defineStore('storage', () => {
  const app = useApp()
  const use = ref<CallOutput<'runs.disk'> | null>(null)
  /** What each of the rules would free; null until it is known. */
  const prunable = ref<number[] | null>(null)

  const parts = computed(() => {
    if (!use.value) return []
    const { runs, datasetBytes, engineBytes, trash } = use.value
    const sum = (of: (run: (typeof runs)[number]) => number) => runs.reduce((all, run) => all + of(run), 0)
    const days = app.settings?.trashDays
    return [
      {
        ...{ name: 'Runs', colour: 'c1', size: sum(({ totalBytes }) => totalBytes) },
        note: `${counted(runs.length, 'runs')}, ${counted(
          sum(({ checkpoints }) => checkpoints),
          'checkpoints',
        )}`,
      },
      { name: 'Data sets', colour: 'c2', size: datasetBytes, note: 'Indexes and thumbnails' },
      { name: 'Engines', colour: 'c3', size: engineBytes, note: '' },
      {
        ...{ name: 'Trash', colour: 'c4', size: trash.bytes },
        note: `${counted(trash.runs, 'runs')}${days ? `, for ${counted(days, 'days')}` : ''}`,
      },
    ]
  })
  const total = computed(() => parts.value.reduce((sum, { size }) => sum + size, 0))

  async function load() {
    use.value = (await app.attempt(() => backend['runs.disk'](undefined))) ?? use.value
  }
  async function measure() {
    prunable.value = null
    const asked = rules.map(({ keepEvery, keepBest }) => ({ keepEvery, keepBest }))
    prunable.value = (await app.attempt(() => backend['runs.prunable']({ rules: asked }))) ?? null
  }
  async function report(freed: number) {
    if (freed) app.say(`Freed ${bytes(freed)}`)
    await load()
  }
  /** Keeps only some checkpoints of every run. Runs that train are left as they are; if one fails, the others go on. */
  async function prune({ keepEvery, keepBest }: Rule) {
    let freed = 0
    for (const { id } of use.value?.runs ?? [])
      freed += (await app.attempt(() => backend['runs.prune']({ id, keepEvery, keepBest })))?.freed ?? 0
    await report(freed)
  }
  async function emptyTrash() {
    await report((await app.attempt(() => backend['runs.emptyTrash'](undefined)))?.freed ?? 0)
  }

  return { use, parts, total, prunable, load, measure, prune, emptyTrash }
})
