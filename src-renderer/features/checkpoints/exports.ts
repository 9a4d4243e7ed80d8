import { defineStore } from 'pinia'
import { ref } from 'vue'
import type { CallInput, Exported, ExportMade, ExportPlan } from '#shared/contract'
import { backend, onEvent } from '#backend'

/** What reading an export back said about it, in words. */
export function verdict({ checks }: Pick<ExportMade, 'checks'>): { verified: boolean; text: string } {
  const differences = checks.flatMap(({ difference }) => difference ?? [])
  if (!differences.length) return { verified: false, text: 'not compared' }
  const largest = Math.max(...differences)
  return {
    verified: true,
    text: largest === 0 ? 'verified, identical' : `verified, differs by ${largest.toExponential(1)} at most`,
  }
}

/** The export in progress, and the result of the last one. */
export const useExports = defineStore('exports', () => {
  const busy = ref(false)
  /** What it is doing. */
  const progress = ref('')
  const result = ref<Exported | null>(null)

  /** What is known of exports of the run before one is made. */
  const plan = ref<ExportPlan | null>(null)
  /** Where the files go. */
  const folder = ref<string | null>(null)

  onEvent('exports.progress', ({ text }) => void (progress.value = text))

  async function create(input: CallInput<'exports.create'>) {
    busy.value = true
    result.value = null
    try {
      result.value = await backend['exports.create'](input)
      made.value = await backend['exports.list']({ id: input.id })
    } finally {
      busy.value = false
      progress.value = ''
    }
  }

  /** What was made of the run so far, newest first. */
  const made = ref<ExportMade[]>([])
  async function load(id: string) {
    result.value = null
    plan.value = await backend['exports.plan']({ id })
    folder.value = plan.value.folder
    made.value = await backend['exports.list']({ id })
  }

  return { busy, progress, result, plan, folder, made, load, create }
})
