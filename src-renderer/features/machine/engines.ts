import { defineStore } from 'pinia'
import { computed, ref } from 'vue'
import type { CallOutput, EngineInfo } from '#shared/contract'
import { backend, onEvent } from '#backend'
import { useApp } from '#shell/store'

/** The engines of this machine. */
export const useEngines = defineStore('engines', () => {
  const app = useApp()
  const engines = ref<EngineInfo[]>([])
  /** What an installation is doing. */
  const message = ref<string | null>(null)
  /** What installing TensorFlow would download, while the person is asked. */
  const plan = ref<(CallOutput<'engines.plan'> & { gpu: boolean }) | null>(null)
  const busy = computed(() =>
    engines.value.some(({ status }) => status === 'proving' || status === 'installing'),
  )
  const trying = computed(() => engines.value.find(({ status }) => status === 'proving')?.title ?? null)

  onEvent('engines.changed', (payload) => {
    engines.value = payload.engines
    message.value = payload.message
  })

  const load = async () => void (engines.value = await backend['engines.list'](undefined))
  const survey = async (id?: string) => void (engines.value = await backend['engines.survey']({ id }))

  async function use(id: string) {
    await app.change({ engine: id })
    await load()
  }

  async function askToInstall(gpu: boolean) {
    plan.value = { gpu, ...(await backend['engines.plan']({ gpu })) }
  }

  async function install() {
    const { gpu } = plan.value!
    plan.value = null
    engines.value = await backend['engines.install']({ gpu })
  }

  const remove = async () => void (engines.value = await backend['engines.remove'](undefined))

  return { engines, message, plan, busy, trying, load, survey, use, askToInstall, install, remove }
})
