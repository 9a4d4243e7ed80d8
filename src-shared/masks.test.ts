import { describe, expect, it } from 'vitest'
import { attentionMask, placesOf } from './masks'

const rows = (mask: boolean[][]) => mask.map((row) => row.map(Number).join(''))

describe('attention masks', () => {
  it('are triangles in the order of prediction', () => {
    expect(rows(attentionMask('content', [0, 1, 2]))).toEqual(['1000', '1100', '1110', '1111'])
    expect(rows(attentionMask('query', [0, 1, 2]))).toEqual(['1000', '1000', '1100', '1110'])
  })

  it('let a patch see what comes before it, wherever it lies', () => {
    const place = placesOf([2, 0, 1])
    expect(place).toEqual([1, 2, 0])
    expect(rows(attentionMask('content', place))).toEqual(['1000', '1101', '1111', '1001'])
    expect(rows(attentionMask('query', place))).toEqual(['1000', '1001', '1101', '1000'])
  })
})
