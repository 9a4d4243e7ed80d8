import { onBeforeUnmount, onMounted } from 'vue'
import { inDialog, isTyping } from './shortcut'

/** Single keys of a page, while it is shown and nobody types or answers a dialog. */
export function useKeys(actions: Record<string, () => void>): void {
  const act = (event: KeyboardEvent) => {
    const action = actions[event.key.length === 1 ? event.key.toLowerCase() : event.key]
    if (!action || event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return
    if (inDialog() || isTyping(event)) return
    event.preventDefault()
    action()
  }
  onMounted(() => window.addEventListener('keydown', act))
  onBeforeUnmount(() => window.removeEventListener('keydown', act))
}
