import { createPinia, setActivePinia } from 'pinia'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { createApp } from 'vue'
import { createMemoryHistory, createRouter } from 'vue-router'
import { parse, type SFCTemplateBlock } from 'vue/compiler-sfc'
import { commands, pageKeys } from '#shared/commands'
import type { Dataset, ExperimentSummary, Run } from '#shared/contract'
import { useDatasetDeeds } from '#features/datasets/deeds'
import { useExperimentDeeds } from '#features/experiments/deeds'
import { useRunActions } from '#features/runs/actions'
import { useRuns } from '#features/runs/store'
import { useCommands } from '#shell/commands/commands'
import { useObjectCommands } from '#shell/commands/object-commands'
import { useApp } from '#shell/store'

vi.mock('#backend', () => ({
  backend: new Proxy({}, { get: () => () => new Promise(() => undefined) }),
  onEvent: () => () => undefined,
}))

/** Buttons that no command has, by why. A new one that acts on a run, a data set or an experiment belongs to its deeds instead. */
const without: Record<string, string[]> = {
  'Changes what the page shows and nothing else.': [
    ...[
      'Filters',
      'Clear filters',
      'Clear search',
      'Clear',
      'Clear selection',
      'Review',
      'Previous pair',
      'Next pair',
    ],
    ...[
      'All {{count(classes.length)}} classes',
      'All {{datasets.ready.length}} data sets',
      '{{title}}',
      '{{name}}',
    ],
    ...['{{`Enlarge ${image.path}`}}', '{{`${found.path}, similarity ${similarity(found)}`}}', '{{path}}'],
    ...[
      '{{text(row, column)}}',
      'Another image',
      '{{image.path}}',
      'Patch',
      'Class token',
      'Map before',
      'Next map',
    ],
    ...[
      '{{`Block ${b + 1}, ${nameOf(i).toLowerCase()}`}}',
      'Select an area',
      'Zoom in',
      'Zoom out',
      'Show all',
    ],
    ...[
      'Choose none',
      '{{`${path}, ${unit} ${value.toFixed(3)}`}}',
      "{{playing ? 'Stop' : 'Play'}}",
      'Dismiss',
    ],
    ...["{{playing ? 'Pause' : 'Play'}}", '{{`Image ${i + 1}, ${path}`}}', '{{`Remove ${run.name}`}}'],
    ...[
      "{{`${isHidden(run.id) ? 'Show' : 'Hide'} the lines of ${run.name}`}}",
      '{{count(row.step)}}',
      'Another seed',
    ],
    ...[
      '{{group}}changed{{count}}',
      'All {{allSettings.length}}',
      '{{name}} {{count}}',
      'Only changed {{changes}}',
    ],
    ...[
      "{{full ? 'Smaller' : 'Full size'}}",
      'What these mean',
      'How to fix',
      '{{row.engine.title}}',
      'Close',
    ],
    '{{one.class}}{{percent(one.confidence)}}',
    ...['Skip to content', 'Close notifications', "{{`Remove: ${about ?? ''} ${text}`}}"],
    ...['{{`Clear the filter ${facet.title}`}}', 'What is SAIM?', 'All', 'Undo', '{{title}}{{text}}{{cost}}'],
    "All settings{{form.changedSettings ? `, ${form.changedSettings} ${form.changedSettings === 1 ? 'differs' : 'differ'} from the preset` : ''}}",
  ],
  'Answers a form or dialog, which a command opened.': [
    ...['Cancel', 'Save', 'Use', 'Import', 'Choose file'],
    ...['Add variant', '{{`Remove variant ${place + 1}`}}', 'Hold out {{percent(clearer)}}', 'Start from'],
    ...[
      'Free {{bytes(freed)}}',
      'Install, {{bytes(engines.faster.downloadBytes)}}',
      'Install, {{bytes(engines.plan.downloadBytes)}}',
      'Save as preset',
      'Delete preset',
    ],
    ...["{{runs.active ? 'Add to queue' : 'Start training'}}", 'Use the preset instead', 'Change'],
    ...['Choose this folder', '{{folder.name}}', '{{file.name}}', 'Parent folder'],
    '{{asking.question.action}}',
  ],
  'Acts on a part that is picked on the page: an image, a pair, a checkpoint, an evaluation, a map of images.':
    [
      ...[
        "{{image.excluded ? 'Include' : 'Exclude'}}",
        "{{allExcluded ? 'Include' : 'Exclude'}}",
        'Exclude',
        'Find similar',
      ],
      ...[
        "{{kind === 'leaked' ? 'Exclude from training' : 'Exclude copies'}}",
        'Keep both',
        'Exclude right',
        "Undo {{quality.decided.kept ? 'keep' : 'exclude'}}",
      ],
      ...[
        'Delete {{count(selected.length)}}',
        'Clean up',
        "{{embeddings.done ? 'Update' : 'Embed'}}",
        'Export vectors',
      ],
      ...["Measure {{counted(images.dataset?.images ?? 0, 'images')}}", 'Save as GIF', 'Save as PNG strip'],
      ...['Find images similar to a picture', '{{title}}{{count(n)}}', 'Take the class away'],
      ...['{{`New class “${typed}”`}}', '{{`Tag “${typed}”`}}', '{{`Tag “${tag}”`}}'],
      ...['{{`Remove tag “${tag}”`}}', "Accept {{counted(labelling.acceptable.length, 'suggestions')}}"],
      ...['Keep classifier', 'Export labels', 'Import labels', 'End labelling'],
      ...['Choose images', '{{`Rename ${cluster.name}`}}', 'Select all'],
      ...["{{clusters.all.length ? 'Find clusters again' : 'Find clusters'}}", 'Pick diverse images'],
      "{{odd.found ? 'Find odd images again' : 'Find odd images'}}",
    ],
  'Copies or shows what stands on the page.': [
    ...['Copy', 'Copy link', 'Copy as command', 'Copy summary', 'Save as report', 'Download as CSV'],
    ...['Results as CSV', 'Results as LaTeX'],
    ...['Show', 'Show file', 'Show in folder', 'Save as CSV', 'Copy into folders by class'],
  ],
  'Asks of an engine or another machine what only its page says first.': [
    ...[
      'Install, {{bytes(row.engine.install.downloadBytes)}}',
      'Install for an NVIDIA GPU',
      'Remove',
      'Test',
      'Test again',
      'Open',
      '{{`Forget ${origin}`}}',
      'Empty',
    ],
  ],
  'Is the remedy for what is wrong now, in words that are made for it.': [
    ...['{{label}}', '{{item.label}}', "{{kind === 'bad' ? 'Fix' : 'Open'}}"],
  ],
}
/** Buttons of a command in other words. */
const otherWords: Record<string, string> = {
  Search: 'Search and commands',
  '{{notifications.unseen}}': 'Notifications',
  'Clear all': 'Clear notifications',
  'Choose folder': 'Add folder',
  'Sample images': 'Use sample images',
  'Test all': 'Test all engines',
  'Choose by speed': 'Test all engines',
  "{{runs.queue.held ? 'Resume queue' : 'Hold queue'}}": 'Hold or resume queue',
  'Resume queue': 'Hold or resume queue',
  "{{run.pinned ? 'Unpin' : 'Pin'}}": 'Pin',
  "{{quality.dataset.unchecked ? 'Check images' : 'Check again'}}": 'Check images',
  '{{`Stop ${runs.active.name}`}}': 'Stop',
  '{{`Remove ${run.name} from queue`}}': 'Remove from queue',
  'Use {{welcome.faster.title}}': 'Test all engines',
}

const run = (changes: Partial<Run>) =>
  ({ id: 'a', name: 'a', status: 'finished', tags: [], step: 1, cluster: null, ...changes }) as Run
const dataset = (changes: Partial<Dataset>) =>
  ({
    id: 'b',
    name: 'b',
    status: 'ready',
    checking: null,
    unchecked: 0,
    images: 1,
    classes: [],
    ...changes,
  }) as Dataset
const experiment = { id: 'c', name: 'c', runs: ['a', 'q'], finished: 2, total: 2 } as ExperimentSummary

const runs = [
  run({}),
  run({ id: 'q', status: 'queued', pinned: true, archived: true }),
  run({ id: 't', status: 'running' }),
  run({ id: 'p', status: 'paused', cluster: { launcher: 'ray', workers: 2, address: null } }),
]
const datasets = [dataset({}), dataset({ status: 'scanning' }), dataset({ unchecked: 1 })]

/** Calls something as a component would. */
function inApp<T>(work: () => T): T {
  const app = createApp({})
  const pinia = createPinia()
  app.use(pinia).use(createRouter({ history: createMemoryHistory(), routes: [] }))
  setActivePinia(pinia)
  return app.runWithContext(() => {
    useApp().info = { host: 'electron', canUpdate: true } as never
    useRuns().byId = new Map(runs.map((one) => [one.id, one]))
    useRuns().queue = { ids: ['x', 'q', 'y'], held: false }
    return work()
  })
}
const deeds = () =>
  inApp(() => {
    const ofRuns = useRunActions().deedsOf
    return [
      ...runs.map((one) => ({ entry: `run:${one.id}`, deeds: ofRuns([one]) })),
      { entry: null, deeds: ofRuns(runs) },
      ...datasets.map((one) => ({ entry: `dataset:${one.id}`, deeds: useDatasetDeeds().of(one) })),
      { entry: 'experiment:c', deeds: useExperimentDeeds().of(experiment) },
    ]
  })

/** What a click can be on, with its words. */
interface Button {
  file: string
  label: string
}
type Node = NonNullable<SFCTemplateBlock['ast']>['children'][number]

function textOf(node: Node): string {
  if (node.type === 2) return node.content
  if (node.type === 5) return `{{${(node.content as { content: string }).content}}}`
  return 'children' in node && 'tag' in node && node.tag !== 'kbd'
    ? (node.children as Node[]).map(textOf).join('')
    : ''
}
/** An attribute, or what it is bound to. */
function attribute(node: Node, name: string): string | undefined {
  for (const prop of 'props' in node ? node.props : []) {
    if (prop.type === 6 && prop.name === name) return prop.value?.content
    if (
      prop.type === 7 &&
      prop.name === 'bind' &&
      prop.arg &&
      'content' in prop.arg &&
      prop.arg.content === name
    )
      return `{{${(prop.exp as { content: string }).content}}}`
  }
  return undefined
}
function buttonsOf(file: string, nodes: readonly Node[]): Button[] {
  return nodes.flatMap((node) => {
    if (!('tag' in node)) return []
    const inner = buttonsOf(file, node.children as Node[])
    const clicked = node.props.some(
      (prop) =>
        prop.type === 7 &&
        prop.name === 'on' &&
        prop.arg &&
        'content' in prop.arg &&
        prop.arg.content === 'click',
    )
    if (!clicked || !['v-btn', 'v-list-item', 'button'].includes(node.tag)) return inner
    const written = textOf(node).trim().replace(/\s+/g, ' ')
    const [first, second] =
      node.tag === 'v-list-item' ? [attribute(node, 'title'), written] : [written, attribute(node, 'title')]
    return [{ file, label: first || attribute(node, 'aria-label') || second || '' }, ...inner]
  })
}
const components = import.meta.glob<string>('/src-renderer/{features,shell}/**/*.vue', {
  query: '?raw',
  import: 'default',
  eager: true,
})
/** Keys of pages, by component: what each does, or why the palette does not. */
const keyed: Record<string, Record<string, string>> = {
  RunActions: { c: 'Compare', t: 'Tag', e: 'Archive', Delete: 'Move to trash', Escape: 'Clear selection' },
  RunPage: {
    ...{ p: 'Pause', t: 'Tag', e: 'Archive', Delete: 'Move to trash' },
    ...{
      ',': 'Changes what the page shows and nothing else.',
      '.': 'Changes what the page shows and nothing else.',
    },
  },
  PatchByPatch: {
    ArrowLeft: 'Changes what the page shows and nothing else.',
    ArrowRight: 'Changes what the page shows and nothing else.',
  },
  DatasetImages: { s: 'Find similar', x: 'Exclude' },
  EmbeddingsView: { x: 'Exclude' },
  DatasetOdd: { s: 'Find similar', x: 'Exclude' },
  LabelMenu: { l: '{{`New class “${typed}”`}}' },
  LabelPanel: { a: "Accept {{counted(labelling.acceptable.length, 'suggestions')}}", z: 'Undo' },
  PairReview: { b: 'Keep both', x: 'Exclude right' },
}
/** How the dialog of keys shows those that are no letters. */
const keyNames: Record<string, string> = { Delete: 'Del', Escape: 'Esc', ArrowLeft: '←', ArrowRight: '→' }
const keysUsed = Object.fromEntries(
  Object.entries(components).flatMap(([file, text]) => {
    const [, listened] = /useKeys\(\{(.*?)\}\)\n/s.exec(text) ?? []
    if (listened === undefined) return []
    const names = [...listened.matchAll(/(?:^|[,{\n])\s*'?([^\s'\w]|[a-z]|[A-Z]\w+)'?:/g)].map(
      ([, name]) => name!,
    )
    return [[file.replace(/^.*\/|\.vue$/g, ''), names]]
  }),
)
const buttons = Object.entries(components)
  .flatMap(([file, text]) => buttonsOf(file, parse(text).descriptor.template?.ast?.children ?? []))
  // Made of deeds.
  .filter(({ label }) => label !== '{{deed.title}}')

describe('what can be done', () => {
  let titles: Set<string>
  beforeEach(() => {
    const ofObjects = deeds().flatMap((one) => one.deeds.map(({ title }) => title))
    titles = new Set([...commands.map(({ title }) => title), ...ofObjects])
  })

  it('is in the palette, whatever a menu offers', () => {
    const offered = inApp(() => {
      const objects = useObjectCommands()
      return new Set(
        [
          ...runs.flatMap(objects.ofRun),
          ...datasets.flatMap(objects.ofDataset),
          ...objects.ofExperiment(experiment),
        ].map(({ id }) => id),
      )
    })
    for (const { entry, deeds: all } of deeds())
      for (const { id, disabled } of all) if (entry && !disabled) expect(offered).toContain(`${entry}:${id}`)
    expect([...titles]).toEqual(
      expect.arrayContaining([
        ...[
          'Pause',
          'Stop',
          'Resume',
          'Remove from queue',
          'Compare',
          'Evaluate',
          'Export',
          'Rename',
          'Pin',
          'Unpin',
        ],
        ...[
          'Tag',
          'Archive',
          'Unarchive',
          'Move to trash',
          'New run with these settings',
          'Rescan',
          'Locate folder',
        ],
        ...['Remove from list', 'Check images', 'Add seeds', 'Delete'],
      ]),
    )
  })

  it('is a command, or no button of a page does it without a reason', () => {
    expect(buttons.length).toBeGreaterThan(100)
    const reasons = Object.values(without).flat()
    const unknown = buttons.filter(
      ({ label }) => !titles.has(label) && !titles.has(otherWords[label] ?? '') && !reasons.includes(label),
    )
    expect(unknown).toEqual([])
  })

  it('is a line of the palette, whatever is a command', () => {
    const offered = new Set(inApp(() => useCommands().entries.map(({ id }) => id)))
    for (const { id, host } of commands)
      if (id !== 'search' && host !== 'browser') expect([...offered]).toContain(id)
  })

  it('is what a key of a page does, and the dialog of keys tells of it', () => {
    expect(keysUsed).toEqual(
      Object.fromEntries(
        Object.entries(keyed).map(([where, keys]) => [where, expect.arrayContaining(Object.keys(keys))]),
      ),
    )
    const reasons = [...Object.keys(without), ...Object.values(without).flat()]
    const told = new Set([
      ...pageKeys.flatMap(({ keys }) => keys.flatMap(([key]) => key.split(' '))),
      ...commands.map(({ keys }) => keys),
    ])
    for (const [where, keys] of Object.entries(keysUsed))
      for (const key of keys) {
        const does = keyed[where]![key]
        expect([...titles, ...reasons], `${key} of ${where}`).toContain(does)
        const shown = keyNames[key] ?? key.toUpperCase()
        expect([...told], `${key} of ${where}`).toContain(shown)
      }
  })

  it('has no reason or other word for a button that is gone', () => {
    const labels = new Set(buttons.map(({ label }) => label))
    expect(
      [...Object.values(without).flat(), ...Object.keys(otherWords)].filter((label) => !labels.has(label)),
    ).toEqual([])
  })
})
