import { defineStore } from 'pinia'
import { computed, ref } from 'vue'
import type { Notification, Told } from '#shared/contract'
import { backend, onEvent } from '#backend'

/** What a window tells: `text` says it, everything else may be missing. */
export interface ToastOptions extends Partial<Told> {
  text: string
  /** Takes back what was done. */
  undo?: () => unknown
  /** A toast that replaces the one of the same name. */
  name?: string
}
export interface Toast extends Told {
  key: number
  undo?: () => unknown
  name?: string
}

/** How long a toast stays, in milliseconds; an error stays until it is closed. */
const stay = 6000

/** Toasts, and what was told before, which the back end keeps. */
export const useNotifications = defineStore('notifications', () => {
  /** Newest first. */
  const all = ref<Notification[]>([])
  const toasts = ref<Toast[]>([])
  const open = ref(false)
  const unseen = computed(() => all.value.filter(({ seen }) => !seen).length)

  onEvent('notifications.changed', (list) => void (all.value = list))
  onEvent('notifications.told', (told) => raise(told))

  const load = async () => void (all.value = await backend['notifications.list'](undefined))

  /** Shows a toast and keeps it under the bell. */
  function show({ undo, name, ...given }: ToastOptions): void {
    const told: Told = { kind: 'info', about: null, advice: null, to: null, ...given }
    raise({ ...told, undo, name })
    // Where the backend is gone the toast has to do.
    backend['notifications.add'](told).then(
      (list) => (all.value = list),
      () => undefined,
    )
  }

  let last = 0
  const timers = new Map<number, ReturnType<typeof setTimeout>>()
  function raise({ kind, about, text, advice, to, undo, name }: Omit<Toast, 'key'>): void {
    // One of the same name, or what is said already, is replaced.
    const same = (toast: Toast) => (name ? toast.name === name : toast.text === text && toast.about === about)
    toasts.value.filter(same).forEach(({ key }) => close(key))
    const key = ++last
    toasts.value = [...toasts.value, { key, kind, about, text, advice, to, undo, name }].slice(-5)
    resume(key)
  }
  function close(key: number): void {
    pause(key)
    toasts.value = toasts.value.filter((toast) => toast.key !== key)
  }
  /** Keeps a toast while the pointer or the focus is on it. */
  function pause(key: number): void {
    clearTimeout(timers.get(key))
    timers.delete(key)
  }
  function resume(key: number): void {
    pause(key)
    if (toasts.value.find((toast) => toast.key === key)?.kind === 'bad') return
    timers.set(
      key,
      setTimeout(() => close(key), stay),
    )
  }

  async function setOpen(to: boolean): Promise<void> {
    open.value = to
    if (to && unseen.value) all.value = await backend['notifications.see'](undefined)
  }
  /** Removes one from the list, or all for null. */
  async function remove(id: string | null): Promise<void> {
    all.value = await backend['notifications.remove']({ id })
  }

  return { all, toasts, open, unseen, load, show, close, pause, resume, setOpen, remove }
})
