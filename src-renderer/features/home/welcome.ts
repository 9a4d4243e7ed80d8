import { defineStore } from 'pinia'
import { computed, ref } from 'vue'
import type { CallOutput } from '#shared/contract'
import { counted } from '#shared/words'
import { bytes } from '#ui/format'
import { backend } from '#backend'
import { useApp } from '#shell/store'
import { useEngines } from '#features/machine/engines'

/** What the first page says of the sample images and of this machine. */
export const useWelcome = defineStore('welcome', () => {
  const app = useApp()
  const engines = useEngines()
  const sample = ref<CallOutput<'runs.sample'> | null>(null)

  /** The engine that is recommended instead of the selected one. */
  const faster = computed(() =>
    engines.engines.find(({ recommendation, selected }) => recommendation?.recommended && !selected),
  )
  /** The graphics processor that an engine computed with, if it is a real one. */
  const gpu = computed(() => {
    const tested = engines.engines.filter(({ id, proof }) => proof && !proof.software && id !== cpu)
    return tested.find(({ id }) => id.startsWith('onnxruntime'))?.proof?.device
  })
  /** Cores, memory and engine in words. */
  const machine = computed(() => {
    if (!app.info) return ''
    const parts = [
      counted(app.info.cores, 'cores'),
      bytes(app.info.memoryBytes),
      gpu.value ?? engines.selected?.title,
    ]
    const [before, after] = [engines.selected, faster.value].map((engine) => engine?.proof?.imagesPerSecond)
    const gain =
      before && after
        ? ` ${faster.value!.title} trains ${(after / before).toFixed(1)} times as fast here.`
        : ''
    return `${parts.filter(Boolean).join(', ')}.${gain}`
  })

  async function load() {
    await Promise.all([
      engines.load(),
      backend['runs.sample'](undefined).then((known) => (sample.value = known)),
    ])
  }
  const useFaster = () => engines.useFastest()
  return { sample, machine, faster, load, useFaster }
})

const cpu = 'onnxruntime-cpu'
