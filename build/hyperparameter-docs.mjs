/** Writes docs/hyperparameters.md from src-shared/hyperparameters.ts; `--print` prints it instead. */
import { writeFileSync } from 'node:fs'
import { format, resolveConfig } from 'prettier'
import { runnerImport } from 'vite'

const file = 'docs/hyperparameters.md'
const { module } = await runnerImport('./src-shared/hyperparameters.ts')
const { allSettings, presets } = module

const flag = (name) => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
const range = ({ minimum, maximum, choices, kind }) =>
  choices?.join(', ') ?? (kind === 'boolean' ? 'on, off' : `${minimum} to ${maximum}`)
const value = (setting, number) =>
  (typeof number === 'boolean' ? (number ? 'on' : 'off') : `${+number.toPrecision?.(4) || number}`) +
  (setting.unit ? ` ${setting.unit}` : '')

const groups = [...new Set(allSettings.map(({ group }) => group))]
const sections = groups.map((group) => {
  const rows = allSettings
    .filter((setting) => setting.group === group)
    .map(
      (s) =>
        `| **${s.title}**<br>\`--${flag(s.name)}\` | ${s.description} | ${value(s, s.default)} | ${range(s)} | ${s.paper ?? ''} |`,
    )
  return [
    `## ${group}`,
    '',
    '| Setting | Meaning | Default | Range | Paper |',
    '| --- | --- | --- | --- | --- |',
    ...rows,
  ].join('\n')
})
const columns = Object.keys(presets)
const changed = allSettings.filter(({ name }) => columns.some((preset) => name in presets[preset].values))
const presetTable = [
  `| | ${columns.map((name) => `\`${name}\``).join(' | ')} |`,
  `| --- | ${columns.map(() => '---').join(' | ')} |`,
  ...changed.map(
    (s) =>
      `| ${s.title} | ${columns.map((name) => value(s, presets[name].values[s.name] ?? s.default)).join(' | ')} |`,
  ),
]
const text = [
  '# Hyperparameters',
  'Made by `npm run docs` from `src-shared/hyperparameters.ts`. The actual learning rate is base learning rate × batch size × accumulation / 256.',
  ...sections,
  '## Presets',
  columns.map((name) => `- \`${name}\`: ${presets[name].description}`).join('\n'),
  presetTable.join('\n'),
].join('\n\n')

const pretty = await format(text, { ...(await resolveConfig(file)), parser: 'markdown' })
if (process.argv.includes('--print')) process.stdout.write(pretty)
else writeFileSync(file, pretty)
