import { existsSync, mkdirSync } from 'node:fs'
import path from 'node:path'
import { expect, it } from 'vitest'
import { writeFewShot } from '#inference/labels/kept'
import { classifiersFolder } from '#platform/paths'
import { temporaryFolder } from '#test/helpers/runs'
import { listClassifiers, nameClassifier, removeClassifier } from './list'

const classifier = {
  ...{ classes: ['a', 'b'], width: 2, temperature: 1, centre: Float32Array.of(0, 0) },
  ...{ weights: Float64Array.of(1, 0, 0, 1), bias: Float64Array.of(0, 0) },
}

it('removes a classifier of few labels with the name that it was given, and no part of an evaluation', async () => {
  process.env['SAIM_HOME'] = temporaryFolder()
  const about = {
    run: 'r',
    step: 1,
    dataset: 'Pictures',
    labels: 4,
    right: 3,
    createdAt: '2026-11-29T12:00:00Z',
  }
  mkdirSync(classifiersFolder(), { recursive: true })
  for (const name of ['one', 'two'])
    await writeFewShot(path.join(classifiersFolder(), name), { ...about, name }, classifier)
  const runs = [{ id: 'r', name: 'Run', folder: temporaryFolder() }]
  await nameClassifier('one', 'First')
  const [first] = (await listClassifiers(runs)).filter(({ name }) => name === 'First')
  await expect(removeClassifier({ ...first!, kind: 'probe' })).rejects.toThrow(
    'First is part of an evaluation.',
  )
  await removeClassifier(first!)
  expect((await listClassifiers(runs)).map(({ key }) => key)).toEqual(['two'])
  expect(existsSync(first!.place.folder)).toBe(false)
  // Another one of that name has its own.
  await writeFewShot(first!.place.folder, { ...about, name: 'one' }, classifier)
  expect((await listClassifiers(runs)).map(({ name }) => name).sort()).toEqual(['one', 'two'])
})
