import { defineStore } from 'pinia'
import { computed, ref } from 'vue'
import { automatic, type CallOutput, type EngineInfo } from '#shared/contract'
import { backend, onEvent } from '#backend'
import { useApp } from '#shell/store'
import { day, inSentence } from '#ui/format'
import { actionOf, choiceOf, gainOf, hintOf, stateOf } from './engine-words'

/** The engines of this machine. */
export const useEngines = defineStore('engines', () => {
  const app = useApp()
  const engines = ref<EngineInfo[]>([])
  /** What an installation is doing. */
  const message = ref<string | null>(null)
  /** What installing an engine would download, while the person is asked. */
  const plan = ref<(CallOutput<'engines.plan'> & { title: string; id: string; gpu: boolean }) | null>(null)
  const busy = computed(() =>
    engines.value.some(({ status }) => status === 'proving' || status === 'installing'),
  )
  /** What is done with an engine now. */
  const doing = computed(() => {
    const tested = engines.value.find(({ status }) => status === 'proving')
    return message.value ?? (tested ? `Testing ${tested.title}…` : '')
  })
  const rows = computed(() => {
    const speedOf = ({ proof, expectedImagesPerSecond }: EngineInfo) =>
      proof?.imagesPerSecond ?? expectedImagesPerSecond
    const fastest = Math.max(...engines.value.map((engine) => speedOf(engine) ?? 0))
    return engines.value.map((engine) => ({
      engine,
      state: stateOf(engine),
      hint: hintOf(engine),
      action: actionOf(engine),
      speed: speedOf(engine),
      /** Of the fastest. */
      share: fastest ? (speedOf(engine) ?? 0) / fastest : 0,
      isExpected: !engine.proof,
      difference: engine.proof
        ? Math.max(engine.proof.lossDifference, engine.proof.gradientDifference)
        : null,
      tested: engine.proof ? `Tested ${inSentence(day(engine.proof.provenAt))}` : '',
    }))
  })

  const selected = computed(() => engines.value.find(({ selected }) => selected))
  const isAutomatic = computed(() => app.settings?.engine === automatic)
  /** Which engine new runs use, and why. */
  const choice = computed(() => choiceOf(selected.value, isAutomatic.value))
  /** An engine that is to be installed and should be faster. */
  const faster = computed(() => {
    const engine = engines.value.find(({ install }) => install)
    const gain = gainOf(engine, selected.value)
    return engine && gain && !busy.value
      ? { id: engine.id, title: engine.title, gain, ...engine.install! }
      : null
  })

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

  const useFastest = () => use(automatic)

  async function askToInstall({ id, title }: EngineInfo, gpu: boolean) {
    plan.value = { id, title, gpu, ...(await backend['engines.plan']({ id, gpu })) }
  }

  async function install() {
    const { id, gpu } = plan.value!
    plan.value = null
    await installFor({ id, gpu })
  }
  const installFor = async ({ id, gpu }: { id: string; gpu: boolean }) =>
    void (engines.value = await backend['engines.install']({ id, gpu }))

  const remove = async (id: string) => void (engines.value = await backend['engines.remove']({ id }))

  return {
    ...{ engines, rows, doing, plan, busy, selected, isAutomatic, choice, faster },
    ...{ load, survey, use, useFastest, askToInstall, install, installFor, remove },
  }
})
