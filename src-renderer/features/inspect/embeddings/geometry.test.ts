import { expect, it } from 'vitest'
import { isInside, type Point, towards } from './geometry'

it('knows what a line encloses, also where it bends inwards', () => {
  const arrow: Point[] = [
    [0, 0],
    [4, 0],
    [4, 4],
    [2, 1],
    [0, 4],
  ]
  expect(isInside([2, 0.5], arrow)).toBe(true)
  expect(isInside([0.5, 2], arrow)).toBe(true)
  expect(isInside([2, 2], arrow)).toBe(false)
  expect(isInside([5, 1], arrow)).toBe(false)
  expect(isInside([1, 1], [])).toBe(false)
})

it('finds the nearest place in a direction', () => {
  const points: Point[] = [
    [0, 0],
    [3, 1],
    [1, 3],
    [2, 0.5],
    [-1, 0],
  ]
  expect(towards(points, 0, [1, 0])).toBe(3)
  expect(towards(points, 0, [0, 1])).toBe(2)
  expect(towards(points, 0, [-1, 0])).toBe(4)
  expect(towards(points, 4, [-1, 0])).toBe(-1)
})
