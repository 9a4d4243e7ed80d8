import { z } from 'zod'

/**
 * What the strings are that a renderer sends, so that no path of a new call gets past the bridge: a test fails where a
 * string of an input is none of these.
 */
type StringKind = 'id' | 'host path' | 'image path' | 'words'
const kinds = z.registry<{ kind: StringKind }>()

export const id = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,80}$/)
  .register(kinds, { kind: 'id' })

/**
 * A file or folder of the machine that the backend runs on, as a renderer names it. What reaches the handlers has no links
 * and lies in the folders that may be used: see `confinePaths`.
 */
export const hostPath = z.string().min(1).max(4096).brand<'HostPath'>().register(kinds, { kind: 'host path' })

/** An image, relative to the folder of its source; whoever opens it sees to it that it stays there. */
export const imagePath = z
  .string()
  .min(1)
  .max(4096)
  .brand<'ImagePath'>()
  .register(kinds, { kind: 'image path' })
export type ImagePath = z.output<typeof imagePath>

/** Text that is never a path: names, notes, settings, addresses. */
export const words = (most: number, least = 0) =>
  z.string().min(least).max(most).register(kinds, { kind: 'words' })

/** A picture that a person drops or chooses: an image file in base64. */
export const givenPicture = words(900_000, 1)

/** The schemas that a schema is made of, each with its name; nothing of those that hold no other. */
function partsOf(schema: z.core.$ZodType): [name: string, z.core.$ZodType][] {
  const { def } = (schema as z.core.$ZodTypes)._zod
  switch (def.type) {
    case 'object':
      return Object.entries(def.shape)
    case 'array':
      return [['[]', def.element]]
    case 'optional':
    case 'nullable':
    case 'default':
      return [['', def.innerType]]
    case 'pipe':
      return [['', def.in]]
    case 'union':
      return def.options.map((option) => ['', option])
    case 'record':
      return [
        ['key', def.keyType],
        ['value', def.valueType],
      ]
    case 'string':
    case 'number':
    case 'boolean':
    case 'enum':
    case 'literal':
    case 'void':
      return []
    default:
      throw new Error(`The bridge does not know whether a path can be in a schema of type ${def.type}.`)
  }
}

/** Every string of a schema, where it stands, and what it was declared as; null where that was forgotten. */
export function stringsOf(schema: z.core.$ZodType, at = ''): { at: string; kind: StringKind | null }[] {
  const { kind } = kinds.get(schema as z.ZodType) ?? { kind: null }
  if ((schema as z.core.$ZodTypes)._zod.def.type === 'string') return [{ at, kind }]
  return partsOf(schema).flatMap(([name, part]) => stringsOf(part, name ? `${at}.${name}` : at))
}

const holdsPath = (schema: z.core.$ZodType) => stringsOf(schema).some(({ kind }) => kind === 'host path')

/**
 * A value that fits the schema, with each host path in it replaced by what `confine` makes of it. Throws what `confine`
 * throws, and where a path may be in a place that it cannot find: in a union or a record.
 */
export async function confinePaths(
  schema: z.core.$ZodType,
  value: unknown,
  confine: (path: string) => Promise<string>,
): Promise<unknown> {
  if (value === undefined || value === null || !holdsPath(schema)) return value
  const { def } = (schema as z.core.$ZodTypes)._zod
  const within = (part: z.core.$ZodType, inner: unknown) => confinePaths(part, inner, confine)
  switch (def.type) {
    case 'string':
      return confine(value as string)
    case 'optional':
    case 'nullable':
    case 'default':
      return within(def.innerType, value)
    case 'array':
      return Promise.all((value as unknown[]).map((item) => within(def.element, item)))
    case 'object': {
      const entries = Object.entries(value).map(async ([name, inner]) => [
        name,
        await within(def.shape[name]!, inner),
      ])
      return Object.fromEntries(await Promise.all(entries))
    }
    default:
      throw new Error(`The bridge does not find a path in a schema of type ${def.type}.`)
  }
}
