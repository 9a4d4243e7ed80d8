import { createRouter, createWebHashHistory } from 'vue-router'

export const router = createRouter({
  history: createWebHashHistory(),
  scrollBehavior: ({ hash }) => (hash ? { el: hash } : { top: 0 }),
  routes: [
    { path: '/', redirect: '/datasets' },
    { path: '/datasets', component: () => import('#features/datasets/DatasetsPage.vue') },
    { path: '/datasets/:id', component: () => import('#features/datasets/DatasetPage.vue'), props: true },
    { path: '/train', component: () => import('#features/train/TrainPage.vue') },
    { path: '/runs', component: () => import('#features/runs/RunsPage.vue') },
    { path: '/runs/:id', component: () => import('#features/run/RunPage.vue'), props: true },
    { path: '/disk', component: () => import('#features/disk/DiskPage.vue') },
    { path: '/compare', component: () => import('#features/compare/ComparePage.vue') },
    { path: '/evaluate', component: () => import('#features/evaluate/EvaluatePage.vue') },
    {
      path: '/evaluate/:run/:id',
      component: () => import('#features/evaluate/EvaluationPage.vue'),
      props: true,
    },
    { path: '/experiments', component: () => import('#features/experiments/ExperimentsPage.vue') },
    {
      path: '/experiments/:id',
      component: () => import('#features/experiments/ExperimentPage.vue'),
      props: true,
    },
    { path: '/inspect', component: () => import('#features/inspect/InspectPage.vue') },
    { path: '/export', component: () => import('#features/export/ExportPage.vue') },
    { path: '/engines', component: () => import('#features/engines/EnginesPage.vue') },
    { path: '/settings', component: () => import('#features/settings/SettingsPage.vue') },
    { path: '/:rest(.*)', redirect: '/datasets' },
  ],
})
