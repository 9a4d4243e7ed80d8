import { describe, expect, it } from 'vitest'
import { layoutOf } from './layout'

/** The class and split of each folder, as `class split`. */
const read = (...folders: string[]) =>
  Object.fromEntries(
    [...layoutOf(folders).places].map(([folder, place]) => [folder, `${place.class} ${place.split}`]),
  )

describe('a folder alone', () => {
  it.each([
    ['', 'null null'],
    ['dog', 'dog null'],
    ['dog/puppy', 'dog null'],
    ['train', 'null train'],
    ['Train/dog', 'dog train'],
    ['VAL/dog', 'dog validation'],
    ['valid', 'null validation'],
    ['eval/dog', 'dog validation'],
    ['test/dog/b', 'dog test'],
    ['train2017', 'null train'],
    ['test_set/dog', 'dog test'],
    ['TestSet/dog', 'dog test'],
    ['archive/test/dog', 'dog test'],
    ['images/train', 'null train'],
    ['train_station', 'train_station null'],
    ['constructor', 'constructor null'],
  ])('%s: %s', (folder, place) => {
    expect(read(folder)).toEqual({ [folder]: place })
  })
})

it('finds splits below one folder around everything', () => {
  expect(read('archive/train/dog', 'archive/train/cat', 'archive/test/dog')).toEqual({
    'archive/train/dog': 'dog train',
    'archive/train/cat': 'cat train',
    'archive/test/dog': 'dog test',
  })
  expect(read('', 'a/b/train/dog', 'a/b/val/dog', 'a/b/extra')).toMatchObject({
    'a/b/train/dog': 'dog train',
    'a/b/val/dog': 'dog validation',
  })
})

it('finds classes below one folder around everything', () => {
  expect(read('PetImages/Cat', 'PetImages/Dog')).toEqual({
    'PetImages/Cat': 'Cat null',
    'PetImages/Dog': 'Dog null',
  })
})

it('sees through a split in a folder of its own name, but not through a class of that name', () => {
  expect(read('train/train/dog', 'train/train/cat', 'test/test/dog')).toEqual({
    'train/train/dog': 'dog train',
    'train/train/cat': 'cat train',
    'test/test/dog': 'dog test',
  })
  expect(read('train/train', 'train/bus', 'val/train', 'val/bus')).toEqual({
    'train/train': 'train train',
    'train/bus': 'bus train',
    'val/train': 'train validation',
    'val/bus': 'bus validation',
  })
})

it('knows splits by longer names where several have the rest in common', () => {
  expect(read('seg_train/seg_train/sea', 'seg_test/seg_test/sea', 'seg_pred/seg_pred')).toMatchObject({
    'seg_train/seg_train/sea': 'sea train',
    'seg_test/seg_test/sea': 'sea test',
  })
  expect(read('trainA', 'testA', 'trainB', 'testB')).toMatchObject({
    trainA: 'null train',
    testB: 'null test',
  })
  expect(read('train_station', 'test_tube', 'church')).toEqual({
    train_station: 'train_station null',
    test_tube: 'test_tube null',
    church: 'church null',
  })
})

it('takes the class from above where each class has its splits', () => {
  expect(read('dog/train', 'dog/test', 'cat/train', 'cat/test')).toEqual({
    'dog/train': 'dog train',
    'dog/test': 'dog test',
    'cat/train': 'cat train',
    'cat/test': 'cat test',
  })
})

it('joins classes whose names differ by case, or by how an accent is written', () => {
  const { places, notices } = layoutOf(['train/Cat', 'val/cat', 'train/\u00e9', 'val/e\u0301'])
  expect([...places.values()].map((place) => place.class)).toEqual(['Cat', '\u00e9', 'Cat', '\u00e9'])
  expect(notices).toEqual([
    'Folders whose names differ by case only are one class: Cat and cat, \u00e9 and e\u0301.',
  ])
})

it('leaves classes apart that differ by case side by side, and says so', () => {
  const { places, notices } = layoutOf(['train/A', 'train/a', 'val/a'])
  expect([...places.values()].map((place) => place.class)).toEqual(['A', 'a', 'a'])
  expect(notices).toEqual(['Some names of classes differ by case only: A and a.'])
})

it('says where images in a folder named like a split are trained on', () => {
  expect(layoutOf(['dog/a', 'dog/b/test', 'cat']).notices).toEqual([
    'Images in dog/b/test are trained on like all others: only at the top of the data set, or beside other splits, is a folder of such a name a split.',
  ])
  expect(layoutOf(['train/test', 'train/dog', 'test/dog']).notices).toEqual([])
})
