import { z } from 'zod'

/**
 * The fields of a stored object, each by itself: one that is missing, or has a value that this version does not know, takes
 * its default and costs no other field.
 */
export function fieldsOf<S extends z.ZodRawShape>(
  schema: z.ZodObject<S>,
  stored: Record<string, unknown>,
  defaults: z.output<z.ZodObject<S>>,
): z.output<z.ZodObject<S>> {
  const fields = Object.entries<z.core.$ZodType>(schema.shape).map(([name, field]) => {
    const found = z.safeParse(field, stored[name])
    return [name, Object.hasOwn(stored, name) && found.success ? found.data : defaults[name as never]]
  })
  return Object.fromEntries(fields) as z.output<z.ZodObject<S>>
}
