import { defineStore } from 'pinia'
import type { AppSettings } from '#shared/contract'
import { useApp } from '#shell/store'

type Pin = AppSettings['pins'][number]

/** The data sets and experiments in the sidebar; a run knows itself whether it is pinned. */
export const usePins = defineStore('pins', () => {
  const app = useApp()
  const has = ({ kind, id }: Pin) =>
    app.settings?.pins.some((pin) => pin.kind === kind && pin.id === id) ?? false

  function toggle(pin: Pin) {
    const others = (app.settings?.pins ?? []).filter(({ kind, id }) => kind !== pin.kind || id !== pin.id)
    return app.attempt(() => app.change({ pins: has(pin) ? others : [...others, pin] }))
  }
  return { has, toggle }
})
