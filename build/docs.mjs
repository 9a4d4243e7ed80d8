/**
 * Writes what is made of the docs: hyperparameters.md from src-shared/settings/hyperparameters.ts, cli.md from what the built
 * commands say of themselves, the table of floors in CONTRIBUTING.md from build/layers.mjs. `--check` only compares, and fails
 * where one is stale.
 */
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { format, resolveConfig } from 'prettier'
import { runnerImport } from 'vite'
import { layers } from './layers.mjs'

const { module } = await runnerImport('./src-shared/settings/hyperparameters.ts')
const { allSettings, presets } = module
const { module: words } = await runnerImport('./src-shared/words.ts')

const flag = (name) => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
const range = ({ minimum, maximum, choices, kind }) =>
  choices?.join(', ') ?? (kind === 'boolean' ? 'on, off' : `${minimum} to ${maximum}`)
const value = ({ unit }, number) => {
  if (typeof number === 'boolean') return number ? 'on' : 'off'
  const short = +number.toPrecision?.(4) || number
  return unit ? words.counted(short, unit) : `${short}`
}

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
const hyperparameters = [
  '# Hyperparameters',
  'Made by `npm run docs` from `src-shared/settings/hyperparameters.ts`. The actual learning rate is base learning rate × batch size × accumulation / 256.',
  ...sections,
  '## Presets',
  columns.map((name) => `- \`${name}\`: ${presets[name].description}`).join('\n'),
  presetTable.join('\n'),
].join('\n\n')

/** What a command says of itself, with the commands below it; settings of pre-training stand in a page of their own. */
function commandSections(names) {
  const help = execFileSync('node', ['out/main/cli.js', ...names, '--help'], { encoding: 'utf8' })
  const [own, below] = help.split(/^Commands:$/m)
  const entries = own.split(/\n(?= {2}-)/) // each option with the lines that it wraps into
  const isSetting = (entry) =>
    allSettings.some(({ name }) => RegExp(`^ {2}--(no-)?${flag(name)}[ ,]`).test(entry))
  const hasSettings = entries.some(isSetting)
  const kept = entries.filter(
    (entry) => !isSetting(entry) && !/^ {2}(-h, --help|--json|--quiet) /.test(entry),
  )
  const text = kept
    .join('\n')
    .replace(/\s*Options:\s*$/, '')
    .trim()
  const children = [...(below ?? '').matchAll(/^ {2}([a-z]+)/gm)].map(([, name]) => name)
  return [
    `${'#'.repeat(names.length ? Math.min(names.length + 2, 4) : 1)} ${['saim', ...names].join(' ')}`,
    `\`\`\`text\n${text}\n\`\`\``,
    ...(hasSettings ? ['And settings of [hyperparameters.md](hyperparameters.md) as flags.'] : []),
    ...children.filter((name) => name !== 'help').flatMap((name) => commandSections([...names, name])),
  ]
}
const [title, ...commands] = commandSections([])
const { module: exits } = await runnerImport('./src-main/cli/support/exit-codes.ts')
const { module: surroundings } = await runnerImport('./src-main/platform/environment.ts')
const cli = [
  title,
  'Made by `npm run docs` from what the commands say of themselves. From a checkout: `npm run saim -- <command>`.',
  '## In scripts',
  'The output holds the result of a command and nothing else; what it does meanwhile and what is wrong is told on the error stream. Every command takes',
  '- `--json`: the result as JSON, with times by ISO 8601 and shares from 0 to 1. Where a command fails, an object `error` with `code`, `message` and `advice` takes its place; [troubleshooting.md](troubleshooting.md) explains the codes.\n- `--quiet`: nothing is told meanwhile, only what is wrong.',
  'Tables are plain text with at least two spaces between their columns, on a terminal and in a pipe. Nothing is printed in colour, so that `NO_COLOR` has nothing to change. A command ends with one of these codes:',
  [
    '| Code | |',
    '| --- | --- |',
    ...Object.values(exits.exitCodes).map(({ code, means }) => `| ${code} | ${means} |`),
  ].join('\n'),
  'Environment variables that it reads:',
  [
    '| Variable | |',
    '| --- | --- |',
    ...Object.entries(surroundings.variables).map(([name, means]) => `| \`${name}\` | ${means} |`),
  ].join('\n'),
  '## Commands',
  ...commands,
].join('\n\n')

/** Floors from the highest to the lowest, between their markers. */
const floors = [
  '| Floor | What it holds | Imports |',
  '| --- | --- | --- |',
  ...layers.toReversed().map(({ folder, holds, imports }) => {
    const names = imports.map((name) => `\`${name.replace('src-main/', '')}\``)
    return `| \`${folder}\` | ${holds} | ${names.join(', ') || 'nothing of ours'} |`
  }),
].join('\n')
const contributing = readFileSync('CONTRIBUTING.md', 'utf8').replace(
  /(<!-- floors -->\n)[^]*(\n<!-- \/floors -->)/,
  (_all, begin, end) => `${begin}\n${floors}\n${end}`,
)

const pages = {
  'CONTRIBUTING.md': contributing,
  'docs/hyperparameters.md': hyperparameters,
  'docs/cli.md': cli,
}
for (const [file, text] of Object.entries(pages)) {
  const pretty = await format(text, { ...(await resolveConfig(file)), parser: 'markdown' })
  if (!process.argv.includes('--check')) writeFileSync(file, pretty)
  else if (readFileSync(file, 'utf8') !== pretty) {
    console.error(`${file} is stale: npm run docs renews it.`)
    process.exitCode = 1
  }
}
