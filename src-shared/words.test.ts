import { expect, it } from 'vitest'
import { counted } from './words'

it.each([
  [0, 'images', '0 images'],
  [1, 'images', '1 image'],
  [1204, 'images', '1,204 images'],
  [1, 'held-out images', '1 held-out image'],
  [1, 'patches', '1 patch'],
  [1, 'classes', '1 class'],
  [1, 'copies', '1 copy'],
  [2, 'copies', '2 copies'],
  [1, 'px', '1 px'],
  [0.5, 'epochs', '0.5 epochs'],
  [0.0625, 'epochs', '0.0625 epochs'],
])('counts %d %s', (n, things, text) => expect(counted(n, things)).toBe(text))
