import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, it } from 'vitest'
import { errorCodes } from '#shared/errors'

it('the pages that are made say what the program says; `npm run docs` renews them', () => {
  execFileSync('node', ['build/docs.mjs', '--check'])
})

it('each kind of error is explained', () => {
  const headings = readFileSync('docs/troubleshooting.md', 'utf8').match(/^### .*/gm)!
  expect(headings.flatMap((line) => line.slice(4).split(', ')).sort()).toEqual([...errorCodes].sort())
})

it('each page of the docs is linked from their front page, and no link leads nowhere', () => {
  const pages = readdirSync('docs').filter((name) => name.endsWith('.md'))
  const linksOf = (page: string) =>
    [...readFileSync(path.join('docs', page), 'utf8').matchAll(/\]\((?!https?:)([^)#]+)/g)].map(
      ([, link]) => link!,
    )
  for (const page of pages)
    for (const link of linksOf(page))
      expect(readdirSync(path.join('docs', path.dirname(link)))).toContain(path.basename(link))
  expect(linksOf('index.md')).toEqual(expect.arrayContaining(pages.filter((page) => page !== 'index.md')))
})

it('each path that CONTRIBUTING.md names is there', () => {
  const text = readFileSync('CONTRIBUTING.md', 'utf8')
  const paths = [...text.matchAll(/`((?:src-|test|build|docs|resources)[\w./-]*)`/g)].map(([, name]) => name!)
  expect(paths.length).toBeGreaterThan(40)
  expect(paths.filter((name) => !existsSync(name))).toEqual([])
})
