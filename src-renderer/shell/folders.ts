import { defineStore } from 'pinia'
import { ref } from 'vue'
import type { FolderListing, Picked } from '#shared/contract'
import { backend } from '#backend'

/** The dialog that chooses a folder or a weights file on the machine that serves, for browsers. */
export const useFolders = defineStore('folders', () => {
  /** What the person is asked, and who waits for the answer; null while the dialog is closed. */
  const question = ref<{ title: string; what: Picked; answer(path: string | null): void } | null>(null)
  const listing = ref<FolderListing | null>(null)

  /** Opens the dialog. Answers the path, or null if the person cancels. */
  const ask = (what: Picked, title: string) =>
    new Promise<string | null>((resolve) => {
      question.value = {
        title,
        what,
        answer(path) {
          question.value = null
          resolve(path)
        },
      }
    })
  /** Whether another folder is being listed; until then the listing is not what the person wants. */
  const going = ref(false)
  /** Lists a folder; null lists the folders that may be seen. */
  async function go(path: string | null) {
    going.value = true
    try {
      listing.value = await backend['app.listFolders']({ path })
    } finally {
      going.value = false
    }
  }

  return { question, listing, going, ask, go }
})
