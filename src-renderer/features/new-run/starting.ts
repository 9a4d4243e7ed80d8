import { useRouter } from 'vue-router'
import { useApp } from '#shell/store'
import { useNewRun } from './store'

/** Starts the run of the form and goes to its page; if that fails, says why. */
export function useStarting() {
  const app = useApp()
  const newRun = useNewRun()
  const router = useRouter()

  async function start() {
    const run = await app.attempt(newRun.start)
    if (run) await router.push(`/runs/${run.id}`)
  }
  return { start }
}
