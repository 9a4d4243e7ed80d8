/**
 * Work that is done at most once at a time: asked for again meanwhile, it is done once more after that. So an answer always
 * belongs to the newest question, and a slow backend is never asked faster than it answers.
 */
export function latest(work: () => Promise<void>): () => void {
  let busy = false
  let again = false
  return function ask() {
    if (busy) {
      again = true
      return
    }
    busy = true
    void work().finally(() => {
      busy = false
      if (!again) return
      again = false
      ask()
    })
  }
}
