import { defineStore } from 'pinia'
import { computed, ref } from 'vue'
import type { CallInput, Experiment, ExperimentSummary } from '#shared/contract'
import { backend, onEvent } from '#backend'

/** All experiments, and the results of those that a page shows. */
export const useExperiments = defineStore('experiments', () => {
  const byId = ref(new Map<string, ExperimentSummary>())
  const results = ref(new Map<string, Experiment>())
  const loaded = ref(false)

  const all = computed(() => [...byId.value.values()].sort((a, b) => (a.createdAt < b.createdAt ? 1 : -1)))

  onEvent('experiments.changed', (experiment) => {
    byId.value.set(experiment.id, experiment)
    if (results.value.has(experiment.id)) void follow(experiment.id)
  })
  onEvent('experiments.removed', ({ id }) => void byId.value.delete(id))
  onEvent('runs.changed', ({ id, status }) => {
    for (const { id: experiment, variants } of results.value.values()) {
      const known = variants.flatMap(({ runs }) => runs).find(({ run }) => run === id)
      if (known && known.status !== status) void follow(experiment)
    }
  })

  async function load() {
    const list = await backend['experiments.list'](undefined)
    byId.value = new Map(list.map((experiment) => [experiment.id, experiment]))
    loaded.value = true
  }

  /** Experiments being asked for, one request at a time each. */
  const asked = new Map<string, { again: boolean }>()
  async function follow(id: string): Promise<void> {
    const before = asked.get(id)
    if (before) return void (before.again = true)
    const question = { again: false }
    asked.set(id, question)
    try {
      results.value.set(id, await backend['experiments.get']({ id }))
    } finally {
      asked.delete(id)
    }
    if (question.again) await follow(id)
  }
  /** Forgets the results of an experiment that no page shows any more. */
  const leave = (id: string) => void results.value.delete(id)

  async function start(input: CallInput<'experiments.start'>): Promise<ExperimentSummary> {
    const experiment = await backend['experiments.start'](input)
    byId.value.set(experiment.id, experiment)
    return experiment
  }
  async function addSeeds(id: string, seeds: number) {
    byId.value.set(id, await backend['experiments.addSeeds']({ id, seeds }))
    await follow(id)
  }
  const remove = (id: string) => backend['experiments.remove']({ id })

  return { all, results, loaded, load, follow, leave, start, addSeeds, remove }
})
