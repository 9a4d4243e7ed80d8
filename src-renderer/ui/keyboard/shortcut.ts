/** Keys as Electron writes them: `CmdOrCtrl+K`, `P`, `?`. */

const isMac = () => /Mac|iP(hone|ad)/.test(navigator.platform)

export type Pressed = Pick<KeyboardEvent, 'key' | 'ctrlKey' | 'metaKey' | 'altKey'>

export function isPressed(keys: string, event: Pressed): boolean {
  const [key, ...held] = keys.split('+').reverse() as [string, ...string[]]
  const [wanted, other] = isMac() ? [event.metaKey, event.ctrlKey] : [event.ctrlKey, event.metaKey]
  return (
    event.key.toLowerCase() === key.toLowerCase() &&
    wanted === held.includes('CmdOrCtrl') &&
    event.altKey === held.includes('Alt') &&
    !other
  )
}

/** Whether keys are off while the person types: those that write something. */
export const isSingle = (keys: string) => !keys.includes('+')

/** As they stand in tooltips and menus: `Ctrl K`. */
export const keysShown = (keys: string) =>
  keys.replace('CmdOrCtrl+', isMac() ? '⌘ ' : 'Ctrl ').replace('Alt+', isMac() ? '⌥ ' : 'Alt ')

/** Whether what is pressed goes into a field; choices and sliders take arrows alone. */
export function isTyping({ target, key }: Pick<KeyboardEvent, 'target' | 'key'>): boolean {
  const field =
    target instanceof HTMLElement &&
    target.closest('input:not([type=checkbox]), textarea, select, [contenteditable]')
  if (!field) return false
  return !field.matches('[type=radio], [type=range]') || key.startsWith('Arrow')
}

/** Whether a dialog or menu is open, to which single letters belong. */
export const inDialog = () =>
  document.querySelector('.v-overlay--active:not(.v-tooltip, .v-snackbar)') !== null
