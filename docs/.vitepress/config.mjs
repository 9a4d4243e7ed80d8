/** The documentation as a site: `npm run site` builds it into docs/.vitepress/dist, without adding to what is installed. */
const page = (text, name) => ({ text, link: `/${name}` })

export default {
  title: 'SAIM Studio',
  description: 'Self-supervised image learning as easy as opening a folder',
  base: './',
  themeConfig: {
    search: { provider: 'local' },
    sidebar: [
      {
        text: 'Use',
        items: [
          page('Installation', 'installation'),
          page('User guide', 'guide'),
          page('Screens', 'screens'),
          page('Inspect', 'inspect'),
          page('Evaluate', 'evaluation'),
          page('Experiments', 'experiments'),
          page('Export', 'export'),
          page('On another machine', 'remote'),
          page('Beyond one machine', 'cluster'),
          page('Troubleshooting', 'troubleshooting'),
        ],
      },
      {
        text: 'Look up',
        items: [
          page('Command line', 'cli'),
          page('Hyperparameters', 'hyperparameters'),
          page('Benchmarks', 'benchmarks'),
        ],
      },
      {
        text: 'Change',
        items: [
          page('Architecture', 'architecture'),
          page('How to add …', 'extending'),
          page('Packages', 'packaging'),
        ],
      },
    ],
  },
}
