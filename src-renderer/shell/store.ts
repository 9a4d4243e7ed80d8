import { defineStore } from 'pinia'
import { computed, ref } from 'vue'
import type { AppInfo, AppSettings, Picked } from '#shared/contract'
import { type AppErrorData, toErrorData } from '#shared/errors'
import { backend } from '#backend'

/** The application itself: where it runs, the person's settings, and what it has to say. */
export const useApp = defineStore('app', () => {
  const info = ref<AppInfo | null>(null)
  const settings = ref<AppSettings | null>(null)
  const notice = ref<(AppErrorData | { message: string; advice?: string }) | null>(null)
  /** The question of the dialog of browsers, for a folder or a file of weights, and who waits for its answer. */
  const folderQuestion = ref<{ title: string; what: Picked; answer(path: string | null): void } | null>(null)
  const isElectron = computed(() => info.value?.host === 'electron')

  async function load() {
    const answers = Promise.all([backend['app.info'](undefined), backend['settings.get'](undefined)])
    ;[info.value, settings.value] = await answers
  }

  async function change(changes: Partial<AppSettings>) {
    settings.value = await backend['settings.set'](changes)
  }

  /** Lets the person choose a folder, by the system's dialog or our own. Null where they cancel. */
  const pickFolder = (title: string) => pick('folder', title)
  /** The same for a file of weights. */
  const pickWeights = (title: string) => pick('weights', title)

  async function pick(what: Picked, title: string): Promise<string | null> {
    if (isElectron.value) return backend['app.pick']({ what, title })
    return new Promise((resolve) => {
      folderQuestion.value = {
        title,
        what,
        answer(path) {
          folderQuestion.value = null
          resolve(path)
        },
      }
    })
  }

  const say = (message: string, advice?: string) => void (notice.value = { message, advice })

  /** Runs something a person asked for; where it fails, says why. Answers undefined then. */
  async function attempt<T>(work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work()
    } catch (error) {
      notice.value = toErrorData(error)
      return undefined
    }
  }

  return {
    info,
    settings,
    notice,
    folderQuestion,
    isElectron,
    load,
    change,
    pickFolder,
    pickWeights,
    say,
    attempt,
  }
})
