import { computed, ref, type Ref } from 'vue'
import type { z } from 'zod'
import { settingValue } from '#shared/format'
import type { Setting } from '#shared/settings/schema'

/**
 * A form for the settings of a schema: their values, changes from `start`, and errors. `settledBy` returns the settings
 * whose values others determine.
 */
export function settingsForm<Values extends Record<string, unknown>>(
  schema: z.ZodType<Values>,
  settings: Setting[],
  start: Ref<Values>,
  settledBy: (values: Values) => Partial<Values> = () => ({}),
) {
  const values = ref({ ...start.value }) as Ref<Values>
  const advanced = ref(false)

  const groups = computed(() => {
    const shown = settings.filter((setting) => advanced.value || setting.simple)
    return [...new Set(shown.map(({ group }) => group))].map((group) => ({
      group,
      settings: shown.filter((setting) => setting.group === group),
    }))
  })

  /** The first error of each setting. */
  const errors = computed(() => {
    const found: Partial<Record<string, string>> = {}
    const result = schema.safeParse(values.value)
    for (const { path, message } of result.error?.issues ?? []) found[String(path[0])] ??= message
    return found
  })
  const valid = computed(() => Object.keys(errors.value).length === 0)
  /** Settings with errors that the simple form does not show. */
  const hiddenErrors = computed(() =>
    settings.filter(({ name, simple }) => !advanced.value && !simple && errors.value[name]),
  )

  const settled = computed<Record<string, unknown>>(() => settledBy(values.value))
  const changed = (name: string) => values.value[name] !== start.value[name]
  const set = (name: string, value: unknown) => Object.assign(values.value, { [name]: value })
  const reset = (name: string) => set(name, start.value[name])

  return { values, advanced, groups, errors, valid, hiddenErrors, settled, changed, set, reset }
}

/** The choices of a setting, each by the word for it. */
export const itemsOf = (setting: Setting) =>
  setting.choices?.map((value) => ({ value, title: settingValue(setting, value) })) ?? []

/** What a field needs of its form. */
export interface FieldForm {
  values: Record<string, unknown>
  errors: Partial<Record<string, string>>
  /** Values that other settings determine. */
  settled: Record<string, unknown>
  changed(name: string): boolean
  set(name: string, value: unknown): void
  reset(name: string): void
}
