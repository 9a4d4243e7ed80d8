import { expect, it } from 'vitest'

const names = (files: Record<string, unknown>) => Object.keys(files).map((file) => file.split('/').at(-1))

it('the gallery shows every part of ui', () => {
  const parts = names(import.meta.glob('#ui/**/*.vue'))
  expect(parts.length).toBeGreaterThan(5)
  expect(names(import.meta.glob('./fixtures/**/*.vue'))).toEqual(parts)
})
