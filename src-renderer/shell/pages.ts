import type { RouteComponent, RouteRecordRaw } from 'vue-router'
import { datasetTabs } from '#features/datasets/tabs'
import { newRunParts } from '#features/new-run/parts'
import { runTabs } from '#features/run/tabs'
import { pages } from '#shared/pages'

type Loader = () => Promise<RouteComponent>

const components = import.meta.glob<RouteComponent>('#features/*/*Page.vue', { import: 'default' })

/** The component of a page: `new-run` is features/new-run/NewRunPage.vue. */
function componentOf(name: string): Loader {
  const camel = name.replace(/(?:^|-)(\w)/g, (_, letter: string) => letter.toUpperCase())
  const file = `/${name}/${camel}Page.vue`
  const found = Object.keys(components).find((path) => path.endsWith(file))
  if (!found) throw new Error(`There is no src-renderer/features${file}.`)
  return components[found]!
}

/** What a page of the navigation is made of. */
const partsOf: Record<string, RouteRecordRaw[]> = {
  'new-run': newRunParts.map(({ path, component }) => ({ path, component })),
}

/** Pages that others lead to. Parameters of a path are its component's props. */
const inner: RouteRecordRaw[] = [
  {
    path: '/datasets/:id',
    component: () => import('#features/datasets/DatasetPage.vue'),
    props: true,
    children: datasetTabs.map(({ path, component }) => ({ path, component, props: true })),
  },
  {
    path: '/runs/:id',
    component: () => import('#features/run/RunPage.vue'),
    props: true,
    children: runTabs.map(({ path, component }) => ({ path, component, props: true })),
  },
  { path: '/compare', component: () => import('#features/compare/ComparePage.vue') },
  { path: '/experiments/new', component: () => import('#features/experiments/NewExperimentPage.vue') },
  {
    path: '/experiments/:id',
    component: () => import('#features/experiments/ExperimentPage.vue'),
    props: true,
  },
]

/** Addresses of version 0.1, which bookmarks and notes may hold. */
const moved: RouteRecordRaw[] = [
  { path: '/train', redirect: ({ query }) => ({ path: '/new', query }) },
  {
    path: '/inspect',
    redirect: ({ query }) => tabOf(query['run'], inspected[String(query['view'])] ?? 'reconstructions'),
  },
  { path: '/evaluate', redirect: ({ query }) => tabOf(query['run'], 'evaluation') },
  {
    path: '/evaluate/:run/:id',
    redirect: ({ params }) => `/runs/${String(params['run'])}/evaluation/${String(params['id'])}`,
  },
  { path: '/export', redirect: ({ query }) => tabOf(query['run'], 'checkpoints') },
  { path: '/engines', redirect: '/machine' },
  { path: '/disk', redirect: '/machine#storage' },
]
const inspected: Record<string, string> = { attention: 'attention', embeddings: 'embeddings' }

/** A tab of the first of the runs that an old address names. */
function tabOf(runs: unknown, tab: string) {
  const [run] = typeof runs === 'string' ? runs.split(',') : []
  return { path: run ? `/runs/${run}/${tab}` : '/runs', query: {} }
}

export const routes: RouteRecordRaw[] = [
  ...pages.map(({ name, path }) => ({ path, component: componentOf(name), children: partsOf[name] ?? [] })),
  ...inner,
  ...moved,
]
