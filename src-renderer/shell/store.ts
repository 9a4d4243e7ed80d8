import { defineStore } from 'pinia'
import { computed, ref } from 'vue'
import type { AppInfo, AppSettings, Picked, Unreadable } from '#shared/contract'
import { toErrorData } from '#shared/errors'
import { backend } from '#backend'
import { useFolders } from './folders'
import { useNotifications } from './notifications/notifications'

/** The application itself: where it runs, its settings, and how it tells what came of something. */
export const useApp = defineStore('app', () => {
  const folders = useFolders()
  const notifications = useNotifications()
  const info = ref<AppInfo | null>(null)
  const settings = ref<AppSettings | null>(null)
  const unreadable = ref<Unreadable[]>([])
  const isElectron = computed(() => info.value?.host === 'electron')

  async function load() {
    const answers = Promise.all([backend['app.info'](undefined), backend['settings.get'](undefined)])
    ;[info.value, settings.value] = await answers
  }

  /** What the lists of these kinds leave out; as before where it cannot be asked. */
  async function loadUnreadable(kinds: Unreadable['kind'][]) {
    const found = await backend['app.unreadable']({ kinds }).catch(() => null)
    if (found) unreadable.value = [...unreadable.value.filter(({ kind }) => !kinds.includes(kind)), ...found]
  }

  async function change(changes: Partial<AppSettings>) {
    settings.value = await backend['settings.set'](changes)
  }

  /** Asks for a folder, by the system's dialog or our own. Null if the person cancels. */
  const pickFolder = (title: string) => pick('folder', title)
  /** Asks for a weights file in the same way. */
  const pickWeights = (title: string) => pick('weights', title)

  const pick = (what: Picked, title: string): Promise<string | null> =>
    isElectron.value ? backend['app.pick']({ what, title }) : folders.ask(what, title)

  /** Shows a file or folder in the system's file manager. */
  const reveal = (path: string) => attempt(() => backend['app.reveal']({ path }))
  const showLog = () => attempt(() => backend['app.showLog']())

  const say = (text: string, advice?: string) => notifications.show({ text, advice: advice ?? null })

  const checkForUpdates = () => backend['app.update'](undefined)

  /** Runs something that a person asked for. If it fails, shows why and returns undefined. */
  async function attempt<T>(work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work()
    } catch (error) {
      const { message, advice } = toErrorData(error)
      notifications.show({ kind: 'bad', text: message, advice: advice ?? null })
      return undefined
    }
  }

  /** Copies a text for other programs; `what` it is the person is told. */
  const copy = (text: string, what: string) =>
    attempt(async () => {
      await navigator.clipboard.writeText(text)
      say(`${what} copied`)
    })

  return {
    info,
    settings,
    unreadable,
    isElectron,
    load,
    loadUnreadable,
    change,
    pickFolder,
    pickWeights,
    reveal,
    showLog,
    say,
    checkForUpdates,
    attempt,
    copy,
  }
})
