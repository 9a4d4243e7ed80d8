import { layers, onlyIn } from './build/layers.mjs'

/** Rules for dependency-cruiser, all of build/layers.mjs. */

const inside = (folder) => `^${folder}${folder.endsWith('.ts') ? '$' : '/'}`
const test = '\\.test\\.ts$'
const innermost = ({ folder }) =>
  layers.filter((other) => other.folder.startsWith(`${folder}/`)).map((other) => inside(other.folder))

/** A floor imports itself, the lower floors that it names, and the packages that it names. */
const floors = layers.flatMap((layer) => {
  const from = { path: inside(layer.folder), pathNot: [test, ...innermost(layer)] }
  const special = Object.keys(onlyIn).map((name) => `^node_modules/${name}/`)
  const packages = layer.packages.map((name) => `^node_modules/(@types/)?${name}/`)
  return [
    {
      name: `${layer.folder} imports only lower floors`,
      severity: 'error',
      from,
      to: { path: '^src-', pathNot: [inside(layer.folder), ...layer.imports.map(inside)] },
    },
    {
      name: `${layer.folder} imports only its packages`,
      severity: 'error',
      from,
      to: { path: '^node_modules/', pathNot: [...packages, ...special] },
    },
    ...(layer.packages.includes('node')
      ? []
      : [
          {
            name: `${layer.folder} does without Node`,
            severity: 'error',
            from,
            to: { dependencyTypes: ['core'] },
          },
        ]),
  ]
})

const places = Object.entries(onlyIn).map(([name, folders]) => ({
  name: `${name} has its place`,
  severity: 'error',
  from: { path: '^src-', pathNot: [test, ...folders.map(inside)] },
  to: { path: `^node_modules/${name}/` },
}))

export default {
  forbidden: [
    { name: 'no cycles', severity: 'error', from: {}, to: { circular: true } },
    { name: 'every import leads somewhere', severity: 'error', from: {}, to: { couldNotResolve: true } },
    {
      name: 'components ask a store',
      severity: 'error',
      from: { path: '\\.vue$' },
      to: { path: '^src-renderer/backend\\.ts$' },
    },
    {
      name: 'ui knows no feature',
      severity: 'error',
      from: { path: '^src-renderer/ui/' },
      to: { path: '^src-renderer/(?!ui/)' },
    },
    ...floors,
    ...places,
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.node.json' },
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
      extensions: ['.ts', '.vue', '.mjs', '.js', '.d.ts'],
    },
  },
}
