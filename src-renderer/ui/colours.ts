import { computed } from 'vue'
import { useTheme } from 'vuetify'
import { tokens } from './tokens'

/** The tokens of the theme that a part stands in, for canvases. */
export function useColours() {
  const theme = useTheme()
  return computed(() => tokens[theme.current.value.dark ? 'dark' : 'light'])
}
