import { writeFileSync } from 'node:fs'

/** What runtimes and allocators say when there is no memory left. */
export const isOutOfMemory = (text: string) =>
  /alloc\w* (failed|.*memory)|failed to alloc|out of memory|OOM when|bad_alloc|ENOMEM|cannot allocate/i.test(
    text,
  )

/** Where memory runs out, Linux shall end this process and neither the application nor anything else. */
export function offerToBeKilled(): void {
  try {
    writeFileSync('/proc/self/oom_score_adj', '800')
  } catch {
    // another system
  }
}
