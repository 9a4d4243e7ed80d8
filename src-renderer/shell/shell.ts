import { defineStore } from 'pinia'
import { ref } from 'vue'

/** What of the frame is open, and how it looks. */
export const useShell = defineStore('shell', () => {
  const palette = ref(false)
  const shortcuts = ref(false)
  /** Whether the window is dark now, by choice or by the system. */
  const dark = ref(false)
  const togglePalette = () => (palette.value = !palette.value)

  return { palette, shortcuts, dark, togglePalette }
})
