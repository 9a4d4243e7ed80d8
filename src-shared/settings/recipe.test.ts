import { expect, it } from 'vitest'
import { evaluationKinds, recipes } from './evaluation'
import { fromPreset } from './hyperparameters'
import { scoreRecipe, trainingRecipe } from './recipe'

it('says how runs were trained, without what is compared, and what is not as usual', () => {
  const h = fromPreset('nano', { order: 'raster', loss: 'L1', seed: 7 })
  const words = trainingRecipe(h, ['order'])
  expect(words).toMatch(/^objective SAIM, image size 64 px, patch size 8 px, width 192,/)
  expect(words).toMatch(/epochs 10 epochs|epochs 10/)
  expect(words).toContain('loss L1')
  expect(words).not.toMatch(/order|seed|flip/)
})

it('names the recipe of a score where it is one, whatever the seed', () => {
  const authors = evaluationKinds.probe.schema.parse({ ...recipes.authors.probe.values, seed: 3 })
  expect(scoreRecipe({ kind: 'probe', settings: authors })).toMatch(
    /^The authors': .*batch size 2,?048 images/,
  )
  expect(scoreRecipe({ kind: 'probe', settings: { ...authors, momentum: 0.5 } })).toMatch(
    /^(?!The).*momentum 0\.5/,
  )
  expect(scoreRecipe({ kind: 'knn', settings: evaluationKinds.knn.schema.parse({}) })).toBe('neighbours 10')
})
