import { expect, it } from 'vitest'
import { aRun } from '#test/helpers/a-run'
import { fromPreset } from '#shared/settings/hyperparameters'
import { mostAlike } from './expect'

const nano = fromPreset('nano')
const tiny = fromPreset('tiny')
const elsewhere = { name: 'Others', folder: '/others', images: 10, validation: 0 }
const trained = { imagesPerSecond: 50 }
const alike = (...runs: ReturnType<typeof aRun>[]) => {
  const found = mostAlike(nano, '/photos', runs)
  return found && [found.run.name, found.common]
}

it('compares with a run of the model on the images, else of the model, else of the images', () => {
  const other = aRun({ ...trained, name: 'other model', hyperparameters: tiny })
  const away = aRun({ ...trained, name: 'other images', dataset: elsewhere })
  const same = aRun({ ...trained, name: 'same' })
  expect(alike(other, away, same)).toEqual(['same', 'model-and-images'])
  expect(alike(other, away)).toEqual(['other images', 'model'])
  expect(alike(other)).toEqual(['other model', 'images'])
  expect(alike(aRun({ ...trained, dataset: elsewhere, hyperparameters: tiny }))).toBeNull()
})

it('of several takes the one nearest in epochs, and none that trained less than one', () => {
  const after = (epoch: number) => aRun({ ...trained, name: `${epoch}`, epoch })
  expect(alike(after(2), after(8), after(100))).toEqual(['8', 'model-and-images'])
  expect(alike(after(0.5))).toBeNull()
})
