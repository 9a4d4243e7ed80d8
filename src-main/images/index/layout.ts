import type { Split } from '#shared/contract'
import { listed } from '#shared/words'

/** What the folders of an image say of it. */
export interface Place {
  class: string | null
  split: Split | null
}

/** The class and the split of the images in each folder of a data set, and what a person should know of them. */
export interface Layout {
  places: Map<string, Place>
  notices: string[]
}

const splitWords: Record<string, Split> = {
  ...{ train: 'train', training: 'train', trainset: 'train' },
  ...{ val: 'validation', valid: 'validation', validation: 'validation', valset: 'validation' },
  ...{ eval: 'validation', evaluation: 'validation' },
  ...{ test: 'test', testing: 'test', testset: 'test' },
}

/** Words that add nothing to a split's: `training_set`, `test images`, `val2017`. */
const fillers = /^(set|data|dataset|images?|imgs?|split|folder|\d+)$/

interface NamedSplit {
  split: Split
  /** What else the name says, by which `seg_train` and `seg_test` belong together. */
  rest: string
  /** The name says nothing else. */
  alone: boolean
}

/** The split that a folder's name speaks of; null where it speaks of none or of several. */
function splitNamed(name: string): NamedSplit | null {
  const separated = name.replace(/(?<=\p{Ll})(?=\p{Lu})/gu, ' ').toLowerCase()
  const words = separated.match(/\p{L}+|\d+/gu) ?? []
  const found = words.filter((word) => Object.hasOwn(splitWords, word))
  if (found.length !== 1) return null
  const rest = words.filter((word) => word !== found[0])
  return {
    split: splitWords[found[0]!]!,
    rest: rest.join(' '),
    alone: rest.every((word) => fillers.test(word)),
  }
}

/** The folders with images, and those above them, by the paths of their parents. */
class Tree {
  private readonly below = new Map<string, Set<string>>()
  /** The folder that holds all others and no image of its own; the top, '', where there is none. */
  readonly base: string

  constructor(private readonly withImages: ReadonlySet<string>) {
    for (const folder of withImages) {
      const parts = partsOf(folder)
      parts.forEach((part, i) => {
        const parent = parts.slice(0, i).join('/')
        this.below.set(parent, (this.below.get(parent) ?? new Set()).add(part))
      })
    }
    let base = ''
    for (let only = this.onlyChild(base); only !== null; only = this.onlyChild(base)) {
      if (splitNamed(only)?.alone) break
      base = join(base, only)
    }
    const holdsFolders = this.children(base).length > 0 && !withImages.has(base)
    this.base = holdsFolders ? base : ''
  }

  children = (folder: string): string[] => [...(this.below.get(folder) ?? [])]

  /** The one folder below another that holds nothing else; null where there is more or nothing. */
  onlyChild(folder: string): string | null {
    const children = this.children(folder)
    return children.length === 1 && !this.withImages.has(folder) ? children[0]! : null
  }

  /** The splits among the folders below one: every such name at the top, deeper only where there are two of a kind. */
  splits(folder: string): Map<string, Split> {
    const named = this.children(folder).flatMap((name) => {
      const found = splitNamed(name)
      return found ? [{ name, ...found }] : []
    })
    const kinds = (some: NamedSplit[]) => new Set(some.map(({ split }) => split)).size
    const alone = named.filter((one) => one.alone)
    const counts = named.filter((one) =>
      one.alone
        ? folder === '' || folder === this.base || kinds(alone) > 1
        : kinds(named.filter(({ rest }) => rest === one.rest)) > 1,
    )
    return new Map(counts.map(({ name, split }) => [name, split]))
  }
}

/**
 * Reads the class and split of each folder with images. Folders named train, val or test (and their other forms: see
 * `splitWords`) are splits at the top of the data set, or deeper where several stand side by side; the folder below one, or
 * the first folder where there is none, is the class. `folders` are paths relative to the data set, '' for itself.
 */
export function layoutOf(folders: Iterable<string>): Layout {
  const withImages = new Set(folders)
  const tree = new Tree(withImages)
  const found = [...withImages].sort().map((folder) => ({ folder, ...read(tree, folder) }))
  const parents = new Set(found.flatMap(({ splitBelow }) => splitBelow ?? []))
  const placed = found.map(({ splitBelow, classPath, ...one }) => ({
    ...one,
    // dog/train, dog/test, cat/train, ...: the class stands above its splits.
    classPath: classPath ?? (splitBelow && parents.size > 1 ? splitBelow : null),
  }))
  const { names, notices } = joinedClasses(placed)
  const overlooked = placed.filter(({ folder, split }) => split === null && partsOf(folder).some(isHeldName))
  if (overlooked.length)
    notices.push(
      `Images in ${listed(overlooked.map(({ folder }) => folder))} are trained on like all others: only at the top of the data set, or beside other splits, is a folder of such a name a split.`,
    )
  const places = placed.map(({ folder, split, classPath }): [string, Place] => [
    folder,
    { class: classPath === null ? null : names.get(classPath)!, split },
  ])
  return { places: new Map(places), notices }
}

/** `splitBelow` is the folder that holds the split, where it is not the top. */
function read(tree: Tree, folder: string) {
  const parts = partsOf(folder)
  const upTo = (count: number) => parts.slice(0, count).join('/')
  for (let i = 0; i < parts.length; i++) {
    const split = tree.splits(upTo(i)).get(parts[i]!)
    if (!split) continue
    let next = i + 1
    // train/train/dog: a folder of the same name around nothing else.
    while (next < parts.length && tree.onlyChild(upTo(next)) && splitNamed(parts[next]!)?.split === split)
      next++
    return {
      split,
      splitBelow: i > 0 && i > partsOf(tree.base).length ? upTo(i) : null,
      classPath: next < parts.length ? upTo(next + 1) : null,
    }
  }
  const first = folder.startsWith(`${tree.base}/`) ? partsOf(tree.base).length : 0
  return { split: null, splitBelow: null, classPath: first < parts.length ? upTo(first + 1) : null }
}

/**
 * The class of each class folder. Names that differ by case alone are one class, that of train, unless they stand side by
 * side somewhere, as letters of the alphabet may.
 */
function joinedClasses(placed: { split: Split | null; classPath: string | null }[]) {
  const byKey = new Map<string, Set<string>>()
  const trainFirst = [...placed].sort((a, b) => Number(b.split === 'train') - Number(a.split === 'train'))
  for (const { classPath } of trainFirst)
    if (classPath !== null) {
      const key = keyOf(nameOf(classPath))
      byKey.set(key, (byKey.get(key) ?? new Set()).add(classPath))
    }
  const names = new Map<string, string>()
  const [joined, apart]: [string[], string[]] = [[], []]
  for (const paths of byKey.values()) {
    const all = [...paths]
    const spellings = [...new Set(all.map(nameOf))]
    const inOneFolder = new Set(all.map((one) => one.slice(0, -nameOf(one).length))).size < all.length
    for (const one of all) names.set(one, inOneFolder ? nameOf(one) : spellings[0]!)
    if (spellings.length > 1) (inOneFolder ? apart : joined).push(spellings.join(' and '))
  }
  const notices = [
    ...(joined.length ? [`Folders whose names differ by case only are one class: ${listed(joined)}.`] : []),
    ...(apart.length ? [`Some names of classes differ by case only: ${listed(apart)}.`] : []),
  ]
  return { names, notices }
}

const isHeldName = (name: string) => {
  const named = splitNamed(name)
  return named !== null && named.alone && named.split !== 'train'
}
const partsOf = (folder: string) => (folder === '' ? [] : folder.split('/'))
const join = (folder: string, name: string) => (folder === '' ? name : `${folder}/${name}`)
const nameOf = (folder: string) => folder.slice(folder.lastIndexOf('/') + 1)
const keyOf = (name: string) => name.normalize('NFC').toLowerCase()
