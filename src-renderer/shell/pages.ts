import type { RouteComponent } from 'vue-router'
import { pages } from '#shared/pages'

type Loader = () => Promise<RouteComponent>

const components = import.meta.glob<RouteComponent>('#features/*/*Page.vue', { import: 'default' })

/** The component of a page: `train` is features/train/TrainPage.vue. */
function componentOf(name: string): Loader {
  const file = `/${name}/${name[0]!.toUpperCase()}${name.slice(1)}Page.vue`
  const found = Object.keys(components).find((path) => path.endsWith(file))
  if (!found) throw new Error(`There is no src-renderer/features${file}.`)
  return components[found]!
}

/** Pages that others lead to. */
const inner: Record<string, Loader> = {
  '/datasets/:id': () => import('#features/datasets/DatasetPage.vue'),
  '/runs/:id': () => import('#features/run/RunPage.vue'),
  '/evaluate/:run/:id': () => import('#features/evaluate/EvaluationPage.vue'),
  '/experiments/:id': () => import('#features/experiments/ExperimentPage.vue'),
  '/disk': () => import('#features/disk/DiskPage.vue'),
}

/** Every page with its path, whose parameters are its component's props. */
export const routes = [
  ...pages.map(({ name, path }) => ({ path, component: componentOf(name) })),
  ...Object.entries(inner).map(([path, component]) => ({ path, component, props: true })),
]
