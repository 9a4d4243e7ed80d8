import {
  mdiChartLineVariant,
  mdiCog,
  mdiCompare,
  mdiExportVariant,
  mdiEyeOutline,
  mdiFlaskOutline,
  mdiImageMultipleOutline,
  mdiMemory,
  mdiPlayCircleOutline,
  mdiSchoolOutline,
} from '@mdi/js'
import type { RouteComponent } from 'vue-router'
import { type PagePath, pages } from '#shared/pages'

type Loader = () => Promise<RouteComponent>

/** What each page of the navigation looks like. */
const looks: Record<PagePath, { icon: string; component: Loader }> = {
  '/datasets': {
    icon: mdiImageMultipleOutline,
    component: () => import('#features/datasets/DatasetsPage.vue'),
  },
  '/train': { icon: mdiPlayCircleOutline, component: () => import('#features/train/TrainPage.vue') },
  '/runs': { icon: mdiChartLineVariant, component: () => import('#features/runs/RunsPage.vue') },
  '/compare': { icon: mdiCompare, component: () => import('#features/compare/ComparePage.vue') },
  '/inspect': { icon: mdiEyeOutline, component: () => import('#features/inspect/InspectPage.vue') },
  '/evaluate': { icon: mdiSchoolOutline, component: () => import('#features/evaluate/EvaluatePage.vue') },
  '/experiments': {
    icon: mdiFlaskOutline,
    component: () => import('#features/experiments/ExperimentsPage.vue'),
  },
  '/export': { icon: mdiExportVariant, component: () => import('#features/export/ExportPage.vue') },
  '/engines': { icon: mdiMemory, component: () => import('#features/engines/EnginesPage.vue') },
  '/settings': { icon: mdiCog, component: () => import('#features/settings/SettingsPage.vue') },
}

/** Pages that others lead to. */
const inner: Record<string, Loader> = {
  '/datasets/:id': () => import('#features/datasets/DatasetPage.vue'),
  '/runs/:id': () => import('#features/run/RunPage.vue'),
  '/evaluate/:run/:id': () => import('#features/evaluate/EvaluationPage.vue'),
  '/experiments/:id': () => import('#features/experiments/ExperimentPage.vue'),
  '/disk': () => import('#features/disk/DiskPage.vue'),
}

/** The pages of the navigation, in its order. */
export const navigation = pages.map(({ path, title }) => ({ path, title, ...looks[path] }))

/** Every page with its path, whose parameters are its component's props. */
export const routes = [
  ...navigation.map(({ path, component }) => ({ path: path as string, component })),
  ...Object.entries(inner).map(([path, component]) => ({ path, component, props: true })),
]
