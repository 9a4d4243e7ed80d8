/** The parts of a run, in the order of their tabs: the end of each one's address under `/runs/:id`, and its component. */
export const runTabs = [
  { path: '', title: 'Overview', component: () => import('./overview/RunOverview.vue') },
  {
    path: 'reconstructions',
    title: 'Reconstructions',
    component: () => import('#features/inspect/RunReconstructions.vue'),
  },
  { path: 'attention', title: 'Attention', component: () => import('#features/inspect/RunAttention.vue') },
  { path: 'embeddings', title: 'Embeddings', component: () => import('#features/inspect/RunEmbeddings.vue') },
  {
    path: 'evaluation/:evaluation?',
    title: 'Evaluation',
    component: () => import('#features/evaluation/RunEvaluation.vue'),
  },
  {
    path: 'checkpoints',
    title: 'Checkpoints & export',
    component: () => import('#features/checkpoints/RunCheckpoints.vue'),
  },
  { path: 'settings', title: 'Settings', component: () => import('./RunSettings.vue') },
  { path: 'log', title: 'Log', component: () => import('./RunLog.vue') },
]
