import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { errorCodes } from '#shared/errors'

it('the pages that are made say what the program says; `npm run docs` renews them', () => {
  execFileSync('node', ['build/docs.mjs', '--check'])
})

it('each kind of error is explained', () => {
  const headings = readFileSync('docs/troubleshooting.md', 'utf8').match(/^### .*/gm)!
  expect(headings.flatMap((line) => line.slice(4).split(', ')).sort()).toEqual([...errorCodes].sort())
})

it('each page of the docs is linked from their front page', () => {
  const links = [...readFileSync('docs/index.md', 'utf8').matchAll(/\]\(([^):#]+)/g)].map(([, link]) => link!)
  const pages = readdirSync('docs').filter((name) => name.endsWith('.md') && name !== 'index.md')
  expect(links).toEqual(expect.arrayContaining(pages))
})

it('each heading that a link leads to exists', () => {
  const titles = (file: string) =>
    (readFileSync(file, 'utf8').match(/^#+ .*/gm) ?? []).map((line) =>
      line
        .replace(/^#+ /, '')
        .toLowerCase()
        .replace(/[^\p{L}\p{N}_ -]/gu, '')
        .replaceAll(' ', '-'),
    )
  const pages = ['README.md', 'CONTRIBUTING.md', ...readdirSync('docs').map((name) => `docs/${name}`)]
  const wrong = pages
    .filter((page) => page.endsWith('.md'))
    .flatMap((page) =>
      [...readFileSync(page, 'utf8').matchAll(/\]\((?!https?:)([^)#\s]*)#([^)]+)\)/g)]
        .filter(([, file, heading]) => {
          const target = file ? path.join(path.dirname(page), file) : page
          return !titles(target).includes(heading!)
        })
        .map(([link]) => `${page}: ${link}`),
    )
  expect(wrong).toEqual([])
})

const filesBelow = (...folders: string[]) =>
  folders.flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((file) => path.join(folder, file)),
  )
const sources = ['src-main', 'src-shared', 'src-preload', 'src-renderer']
const ours = filesBelow(...sources, 'test', 'build', 'resources', 'docs')
const names = new Set(ours.map((file) => path.basename(file)))
const pages = [
  ...['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', 'resources/README.md'],
  ...ours.filter((file) => /^docs\/.*\.md$/.test(file)),
]

const code = String.raw`[\w.-]+\.(?:ts|mts|mjs|vue|css|py|cpp|h)`
/** From the root of the repository, anywhere in a text. */
const fromRoot = new RegExp(
  String.raw`(?<![\w./#-])(?:${[...sources, 'src-wasm', 'test', 'build', 'resources', 'docs'].join('|')})/[\w./-]*\w`,
  'g',
)
/** A file of code below a folder, or a folder of src-main: anywhere in a text. */
const floors = readdirSync('src-main').join('|')
const fromFloor = new RegExp(
  String.raw`(?<![\w./#-])(?:(?:[\w-]+/)+${code}|(?<=\`)(?:${floors})/[\w./-]*\w)(?![\w/])`,
  'g',
)
/** The name of a file of code, alone in backticks. */
const nameAlone = new RegExp(String.raw`(?<=\`)${code}(?=\`)`, 'g')
const linked = /(?<=\]\()(?!https?:)[\w./-]+/g

const found = (text: string, pattern: RegExp) => [...text.matchAll(pattern)].map(([match]) => match)
const existsBelow = (file: string, ...folders: string[]) =>
  folders.some((folder) => existsSync(path.join(folder, file)))

/** Paths that a page names and that do not exist. */
function wrongPaths(page: string, text: string): string[] {
  return [
    ...found(text, fromRoot).filter((file) => !existsSync(file)),
    ...found(text, fromFloor).filter((file) => !existsBelow(file, '.', 'src-main')),
    ...found(text, nameAlone).filter((file) => !names.has(file) && !existsSync(file)),
    ...found(text, linked).filter((file) => !existsBelow(file, path.dirname(page))),
  ]
}

describe('what pages name', () => {
  it.each(pages)('%s names only what is in the repository', (page) => {
    const text = readFileSync(page, 'utf8')
    expect(wrongPaths(page, text)).toEqual([])
    expect(found(text, /(?<![\w#-])shared\/|DESIGN\S*\.md/g)).toEqual([])
  })

  it('a wrong path is found, wherever it stands', () => {
    const wrong = [
      '`src-main/nowhere.ts`',
      'src-main/data/batches.ts in a figure',
      '`engine/onnx/nowhere.ts`',
      '`engine/nowhere`',
      '`nowhere.ts`',
      '[link](nowhere.md)',
    ]
    expect(wrong.filter((text) => wrongPaths('docs/index.md', text).length === 0)).toEqual([])
    const right = ['`src-main/model/vit`', '`engine/onnx/session.ts`', '`saim.ts`', '[guide](guide.md#train)']
    expect(right.flatMap((text) => wrongPaths('docs/index.md', text))).toEqual([])
  })
})

it('what comments cite is there: headings of docs/method.md, pages and files', () => {
  const method = readFileSync('docs/method.md', 'utf8')
  const headings = found(method, /(?<=^#+ ).*/gm)
  const wrong = filesBelow(...sources, 'test', 'build', 'resources')
    .filter((file) => /\.(ts|mts|mjs|vue|py|cpp|h)$/.test(file) && !file.endsWith('docs.test.ts'))
    .flatMap((file) => {
      const text = readFileSync(file, 'utf8')
      const comments = found(text, /(?<!:)\/\/ .*|\/\*\*[^]*?\*\/|(?<=\n)#.*|"""[^]*?"""/g).join('\n')
      return [
        ...found(comments, /(?<=docs\/method\.md, ")[^"]+/g).filter((heading) => !headings.includes(heading)),
        ...found(comments, /DESIGN\S*\.md/g),
        ...found(comments, fromRoot).filter((cited) => !existsSync(cited) && !existsSync(`${cited}.ts`)),
      ].map((cited) => `${file}: ${cited}`)
    })
  expect(wrong).toEqual([])
})
