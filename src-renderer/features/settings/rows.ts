/** The settings of the application, in the order of their page; the palette lists the same ones. */
export interface SettingRow {
  id: string
  section: 'General' | 'Training' | 'Storage'
  title: string
  hint?: string
  /** Where it is to be had, if not everywhere. */
  host?: 'electron' | 'browser'
}

export const sections = ['General', 'Training', 'Storage', 'Privacy', 'Shortcuts', 'About'] as const

export const settingRows = [
  { id: 'theme', section: 'General', title: 'Appearance' },
  { id: 'density', section: 'General', title: 'Density', hint: 'Compact fits more rows into tables.' },
  {
    id: 'notifications',
    section: 'General',
    title: 'Notify me when a run ends',
    hint: 'Also when one fails or stalls.',
    host: 'electron',
  },
  {
    id: 'updates',
    section: 'General',
    title: 'Check for updates when the app starts',
    hint: 'Nothing is downloaded without asking.',
    host: 'electron',
  },
  {
    id: 'threads',
    section: 'Training',
    title: 'CPU threads',
    hint: 'For the engine. Automatic uses all cores.',
  },
  {
    id: 'decoders',
    section: 'Training',
    title: 'Decoding threads',
    hint: 'Raise this if runs wait for images.',
  },
  {
    id: 'cache',
    section: 'Training',
    title: 'Image cache',
    hint: 'Memory for decoded images. Results stay the same.',
  },
  {
    id: 'keepEvery',
    section: 'Training',
    title: 'Keep checkpoints',
    hint: 'Of new runs. Newest and best always stay.',
  },
  {
    id: 'keepAwake',
    section: 'Training',
    title: 'Keep the computer awake while it trains',
    hint: 'Also while it evaluates. The screen may turn off.',
    host: 'electron',
  },
  { id: 'startNext', section: 'Training', title: 'Start the next run automatically' },
  { id: 'runsFolder', section: 'Storage', title: 'Runs folder' },
  {
    id: 'trashDays',
    section: 'Storage',
    title: 'Empty the trash',
    hint: 'Removed runs can be restored until then.',
  },
] as const satisfies readonly SettingRow[]

export type SettingId = (typeof settingRows)[number]['id']

/** Whether a setting is meant by what is typed into the search of the page. */
export const fits = ({ title, hint, section }: SettingRow, query: string) =>
  `${title} ${hint ?? ''} ${section}`.toLowerCase().includes(query.trim().toLowerCase())
