/** The two views of the form of a new run. */
export const newRunParts = [
  { path: '', to: '/new', title: 'Essentials', component: () => import('./essentials/NewRunEssentials.vue') },
  {
    path: 'settings',
    to: '/new/settings',
    title: 'All settings',
    component: () => import('./NewRunSettings.vue'),
  },
]
