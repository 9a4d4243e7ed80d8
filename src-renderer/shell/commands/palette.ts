import { defineStore } from 'pinia'
import { computed, ref, toRef, watch } from 'vue'
import { useCommands } from './commands'
import { type Entry, groups } from '#shell/entry'
import { ranked } from './ranking'
import { useShell } from '#shell/shell'

/** Where this browser keeps what was chosen last. */
const place = 'saim-recent'
const mostRecent = 50
/** Lines of a group, and of the group that stands alone. */
const mostOfGroup = 6
const mostAlone = 60

interface Section {
  title: string
  entries: Entry[]
}

/** The palette: what was typed, what fits, and which line is chosen. */
export const usePalette = defineStore('palette', () => {
  const commands = useCommands()
  const open = toRef(useShell(), 'palette')
  const query = ref('')
  /** The object whose actions alone are shown. */
  const scope = ref<Entry | null>(null)
  const recent = ref<string[]>(read())
  const chosen = ref(0)

  const onlyCommands = computed(() => query.value.startsWith('>'))
  const typed = computed(() => query.value.replace(/^>/, '').trim())

  const used = (id: string) => {
    const at = recent.value.indexOf(id)
    return at < 0 ? 0 : mostRecent - at
  }

  const sections = computed<Section[]>(() => {
    if (!open.value) return []
    const all = [...commands.made(typed.value), ...commands.entries]
    const wanted = scope.value
      ? all.filter(({ about, group }) => about === scope.value!.about && group === 'Actions')
      : onlyCommands.value
        ? all.filter(({ isCommand }) => isCommand)
        : all.filter(({ about, group }) => typed.value || group !== 'Actions' || !about)
    const fitting = ranked(wanted, typed.value, used)
    const most = scope.value || onlyCommands.value ? mostAlone : mostOfGroup
    const recently = typed.value || scope.value || onlyCommands.value ? [] : latest(all)
    const ofGroups = groups.map((title) => ({
      title,
      entries: fitting.filter((entry) => entry.group === title && !recently.includes(entry)).slice(0, most),
    }))
    return [{ title: 'Recent', entries: recently }, ...ofGroups].filter(({ entries }) => entries.length)
  })
  const shown = computed(() => sections.value.flatMap(({ entries }) => entries))
  watch([query, scope], () => (chosen.value = 0))

  const latest = (all: Entry[]) =>
    recent.value.flatMap((id) => all.find((entry) => entry.id === id) ?? []).slice(0, mostOfGroup)

  watch(open, () => {
    query.value = ''
    scope.value = null
    chosen.value = 0
  })
  function move(by: number): void {
    const { length } = shown.value
    if (length) chosen.value = (chosen.value + by + length) % length
  }
  async function run(entry = shown.value[chosen.value]): Promise<void> {
    if (!entry) return
    open.value = false
    recent.value = [entry.id, ...recent.value.filter((id) => id !== entry.id)].slice(0, mostRecent)
    keep(recent.value)
    await entry.run()
  }
  /** Shows the actions of the chosen object alone; false where there are none. */
  function enter(): boolean {
    const entry = shown.value[chosen.value]
    if (!entry?.about || scope.value || entry.group === 'Actions') return false
    scope.value = entry
    query.value = ''
    return true
  }
  const leave = () => (scope.value = null)

  return { open, query, typed, scope, chosen, sections, shown, move, run, enter, leave }
})

function read(): string[] {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(place) ?? '[]')
    return Array.isArray(kept) ? kept.filter((id) => typeof id === 'string') : []
  } catch {
    return [] // this browser keeps nothing
  }
}

function keep(recent: string[]): void {
  try {
    localStorage.setItem(place, JSON.stringify(recent))
  } catch {
    return
  }
}
