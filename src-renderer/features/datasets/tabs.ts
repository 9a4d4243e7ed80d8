/** The parts of a data set, in the order of their tabs: the end of each one's address under `/datasets/:id`. */
export const datasetTabs = [
  { path: '', title: 'Images', component: () => import('./images/DatasetImages.vue') },
  { path: 'clusters', title: 'Clusters', component: () => import('./clusters/DatasetClusters.vue') },
  { path: 'odd', title: 'Odd images', component: () => import('./odd/DatasetOdd.vue') },
  { path: 'quality', title: 'Quality', component: () => import('./quality/DatasetQuality.vue') },
  { path: 'runs', title: 'Runs', component: () => import('./DatasetRuns.vue') },
]
