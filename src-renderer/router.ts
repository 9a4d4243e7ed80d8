import { createRouter, createWebHashHistory } from 'vue-router'

export const router = createRouter({
  history: createWebHashHistory(),
  scrollBehavior: ({ hash }) => (hash ? { el: hash } : { top: 0 }),
  routes: [
    { path: '/', redirect: '/datasets' },
    { path: '/datasets', component: () => import('./datasets/DatasetsPage.vue') },
    { path: '/datasets/:id', component: () => import('./datasets/DatasetPage.vue'), props: true },
    { path: '/train', component: () => import('./train/TrainPage.vue') },
    { path: '/runs', component: () => import('./runs/RunsPage.vue') },
    { path: '/runs/:id', component: () => import('./run/RunPage.vue'), props: true },
    { path: '/disk', component: () => import('./disk/DiskPage.vue') },
    { path: '/compare', component: () => import('./compare/ComparePage.vue') },
    { path: '/evaluate', component: () => import('./evaluate/EvaluatePage.vue') },
    { path: '/evaluate/:run/:id', component: () => import('./evaluate/EvaluationPage.vue'), props: true },
    { path: '/experiments', component: () => import('./experiments/ExperimentsPage.vue') },
    { path: '/experiments/:id', component: () => import('./experiments/ExperimentPage.vue'), props: true },
    { path: '/inspect', component: () => import('./inspect/InspectPage.vue') },
    { path: '/export', component: () => import('./export/ExportPage.vue') },
    { path: '/engines', component: () => import('./engines/EnginesPage.vue') },
    { path: '/settings', component: () => import('./settings/SettingsPage.vue') },
    { path: '/:rest(.*)', redirect: '/datasets' },
  ],
})
