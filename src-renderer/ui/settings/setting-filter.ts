import { computed, ref } from 'vue'
import { flagOf } from '#shared/settings/flags'
import type { Setting } from '#shared/settings/schema'

/** What a table of settings shows: those that contain what is searched for in name, flag or meaning, and of one kind. */
export function settingFilter(settings: Setting[], kinds: Record<string, (setting: Setting) => boolean>) {
  const query = ref('')
  const kind = ref<string | null>(null)

  const found = computed(() => {
    const words = query.value.toLowerCase().split(/\s+/).filter(Boolean)
    return settings.filter((setting) => {
      const text =
        `${setting.title} --${flagOf(setting.name)} ${setting.name} ${setting.description}`.toLowerCase()
      return (
        (kind.value === null || kinds[kind.value]!(setting)) && words.every((word) => text.includes(word))
      )
    })
  })
  const groups = computed(() =>
    [...new Set(found.value.map(({ group }) => group))].map((group) => ({
      group,
      settings: found.value.filter((setting) => setting.group === group),
    })),
  )
  /** How many settings are of each kind. */
  const counts = computed(() =>
    Object.entries(kinds).map(([name, holds]) => ({ name, count: settings.filter(holds).length })),
  )
  return { query, kind, groups, counts }
}
