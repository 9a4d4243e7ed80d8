import { z } from 'zod'

/**
 * The parts that schemas of settings are made of. Types, validation, forms, command-line flags and pages of the docs derive
 * from such a schema: hyperparameters.ts (pre-training) and evaluation.ts.
 */

/** How a setting is shown; stored as zod metadata. */
export interface SettingInfo {
  title: string
  description: string
  group: 'Model' | 'Method' | 'Optimisation' | 'Data' | 'Run'
  /** In the plural, such as `epochs`. */
  unit?: string
  /** Values that a person reads by another name: `mlp` is MLP, a blur of 0 is off. */
  words?: Record<string, string>
  paper?: string
  /** Whether the simple form shows it. */
  simple?: boolean
  /** Whether the workers of a cluster keep to it; yes where missing. */
  distributed?: 'yes' | 'no'
}

export const integer = (value: number, minimum: number, maximum: number, info: SettingInfo) =>
  z
    .int()
    .min(minimum)
    .max(maximum)
    .default(value)
    .meta({ ...info })
export const number = (value: number, minimum: number, maximum: number, info: SettingInfo) =>
  z
    .number()
    .min(minimum)
    .max(maximum)
    .default(value)
    .meta({ ...info })
export const choice = <const T extends readonly [string, ...string[]]>(choices: T, info: SettingInfo) =>
  z
    .enum(choices)
    .default(choices[0] as never)
    .meta({ ...info })
export const toggle = (value: boolean, info: SettingInfo) =>
  z
    .boolean()
    .default(value)
    .meta({ ...info })

/** A rule between settings: the message if it is broken, the setting that shows the message, the rule. */
export type Rule<S> = [message: string, at: keyof S & string, holds: (settings: S) => boolean]

/** A zod refinement that reports broken rules. */
export const keepRules =
  <S>(rules: Rule<S>[]) =>
  (settings: S, context: z.RefinementCtx<S>) => {
    for (const [message, name, holds] of rules)
      if (!holds(settings)) context.addIssue({ code: 'custom', message, path: [name] })
  }

/** A setting as forms, flags and docs need it, read back from the schema. */
export interface Setting<Name extends string = string> extends SettingInfo {
  name: Name
  kind: 'integer' | 'number' | 'boolean' | 'choice'
  default: number | boolean | string
  minimum?: number
  maximum?: number
  choices?: string[]
}

/** The settings of a schema, in its order. */
export const settingsOf = <S extends z.ZodRawShape>(schema: z.ZodObject<S>): Setting<keyof S & string>[] =>
  Object.entries(
    z.toJSONSchema(schema, { io: 'input' }).properties as Record<
      string,
      SettingInfo & Record<string, unknown>
    >,
  ).map(([name, { type, enum: choices, ...rest }]) => ({
    ...(rest as unknown as Setting),
    name: name as keyof S & string,
    description: rest.distributed === 'no' ? `${rest.description} Not with PyTorch.` : rest.description,
    kind: choices ? 'choice' : (type as Setting['kind']),
    ...(choices ? { choices: choices as string[] } : {}),
  }))
