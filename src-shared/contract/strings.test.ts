import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { calls } from './index'
import { confinePaths, hostPath, stringsOf, words } from './strings'

const confine = async (path: string) => `inside:${path}`

describe('strings that a renderer sends', () => {
  const all = Object.entries(calls).flatMap(([name, { input }]) => stringsOf(input, name))

  it('are all declared to be an id, a path or words, so that no call forgets to confine its path', () => {
    expect(all.filter(({ kind }) => kind === null).map(({ at }) => at)).toEqual([])
  })

  it('are these paths of the machine, which the bridge confines', () => {
    expect(all.filter(({ kind }) => kind === 'host path').map(({ at }) => at)).toEqual([
      'app.listFolders.path',
      'app.reveal.path',
      'settings.set.runsFolder',
      'classifiers.predict.folder',
      'classifiers.save.folder',
      'classifiers.copy.folder',
      'datasets.add.folder',
      'datasets.locate.folder',
      'datasets.take.folder',
      'datasets.exportOdd.folder',
      'datasets.exportLabels.folder',
      'exports.create.folder',
      'imports.create.file',
      'inspect.saveUnrolled.folder',
      'inspect.exportEmbeddings.folder',
      'runs.locate.folder',
    ])
  })

  it.each(Object.keys(calls) as (keyof typeof calls)[])('can be confined in %s', async (name) => {
    // Throws where a path stands in a place that it would not find.
    const { input } = calls[name]
    if (input instanceof z.ZodObject)
      for (const part of Object.values(input.shape)) await confinePaths(part, '', confine)
  })
})

describe('confinement', () => {
  const schema = z.object({
    folder: hostPath,
    name: words(10),
    maybe: hostPath.optional(),
    none: hostPath.nullable(),
    many: z.array(z.object({ file: hostPath })),
  })

  it('replaces paths wherever they are, and nothing else', async () => {
    const value = { folder: '/a', name: '/b', none: null, many: [{ file: '/c' }, { file: '/d' }] }
    expect(await confinePaths(schema, value, confine)).toEqual({
      folder: 'inside:/a',
      name: '/b',
      none: null,
      many: [{ file: 'inside:/c' }, { file: 'inside:/d' }],
    })
  })

  it('throws what refuses a path, and where it could not find one', async () => {
    const refuse = () => Promise.reject(new Error('outside'))
    await expect(confinePaths(schema, { folder: '/a' }, refuse)).rejects.toThrow('outside')
    const hidden = z.record(words(10), hostPath)
    await expect(confinePaths(hidden, { a: '/a' }, confine)).rejects.toThrow('does not find a path')
  })
})
