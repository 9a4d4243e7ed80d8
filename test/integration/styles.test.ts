import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, it } from 'vitest'
import { parse, type SFCTemplateBlock } from 'vue/compiler-sfc'

type Node = NonNullable<SFCTemplateBlock['ast']>['children'][number]

const below = (folder: string, end: string) =>
  (readdirSync(folder, { recursive: true }) as string[])
    .filter((name) => name.endsWith(end))
    .map((name) => path.join(folder, name))
const read = (file: string) => readFileSync(file, 'utf8')

/** The classes that a style sheet has rules for. */
const classesOf = (css: string) =>
  new Set(Array.from(css.matchAll(/\.(-?[_a-zA-Z][\w-]*)/g), ([, name]) => name!))

/** The classes that a template names; those that an expression makes are not known here. */
function named(nodes: readonly Node[]): string[] {
  return nodes.flatMap((node) => {
    if (!('props' in node)) return []
    const own = node.props.flatMap((prop) =>
      prop.type === 6 && prop.name === 'class' ? (prop.value?.content.split(/\s+/) ?? []) : [],
    )
    return [...own, ...named(node.children as Node[])]
  })
}

const everywhere = classesOf(
  [...below('node_modules/vuetify/lib', '.css'), ...below('src-renderer/shell', '.css')].map(read).join('\n'),
)

// A class without a rule does nothing and says nothing: so did names of an older Vuetify.
it.each(below('src-renderer', '.vue'))('%s names only classes that have a style', (file) => {
  const { template, styles } = parse(read(file)).descriptor
  const own = classesOf(styles.map(({ content }) => content).join('\n'))
  const names = named(template?.ast?.children ?? []).filter((name) => name !== '')
  expect(names.filter((name) => !everywhere.has(name) && !own.has(name))).toEqual([])
})
