import { expect, it } from 'vitest'
import { csvText } from './csv'

it.each([
  ['cats/1.jpg', 'cats/1.jpg'],
  ['a,b', '"a,b"'],
  ['a "b"\n', '"a ""b""\n"'],
  ['=cmd|"/c calc"!A1', `"'=cmd|""/c calc""!A1"`],
  ['@SUM(A1)', "'@SUM(A1)"],
  ['+1', "'+1"],
  ['-1', "'-1"],
  ['\t=1', "'\t=1"],
  ['a=1', 'a=1'],
])('%j is written as %j', (text, field) => expect(csvText(text)).toBe(field))
