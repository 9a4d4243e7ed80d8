import { onBeforeUnmount, onMounted } from 'vue'
import { inDialog, isPressed, isSingle, isTyping } from '#ui/keyboard/shortcut'
import { useCommands } from './commands'
import { useNotifications } from '#shell/notifications/notifications'
import { useShell } from '#shell/shell'

/** Listens to the keys of the whole window, for as long as the calling component is there. */
export function useShortcuts(): void {
  const commands = useCommands()
  const shell = useShell()
  const notifications = useNotifications()

  function press(event: KeyboardEvent) {
    if (event.defaultPrevented) return
    const wanted = commands.here.find(({ keys }) => keys && isPressed(keys, event))
    if (wanted && !(isSingle(wanted.keys!) && (isTyping(event) || inDialog()))) {
      event.preventDefault()
      void commands.run(wanted.id)
    } else if (event.key === '/' && !isTyping(event) && !inDialog() && focusSearch()) event.preventDefault()
    else if (event.altKey && /^[1-8]$/.test(event.key)) {
      const tabs = document.querySelectorAll<HTMLElement>('.tabs a')
      tabs[Number(event.key) - 1]?.click()
      event.preventDefault()
    } else if (event.key === 'Escape' && notifications.open && !shell.palette)
      void notifications.setOpen(false)
  }
  onMounted(() => window.addEventListener('keydown', press))
  onBeforeUnmount(() => window.removeEventListener('keydown', press))
}

/** Goes to the search field of the page; false where there is none. */
function focusSearch(): boolean {
  const field = document.querySelector<HTMLInputElement>('.v-main [role=searchbox]')
  field?.focus()
  return field !== null
}
