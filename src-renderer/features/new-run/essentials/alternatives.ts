import { type Hyperparameters, hyperparametersSchema } from '#shared/settings/hyperparameters'
import type { Setting } from '#shared/settings/schema'

/** Settings after one of them took another value; null where they would not fit together. */
export const withValue = (h: Hyperparameters, name: string, value: unknown): Hyperparameters | null =>
  hyperparametersSchema.safeParse({ ...h, [name]: value }).data ?? null

/** Values around that of a setting that fit the others: half, as it is, twice and four times of a number, else all. */
export function alternativesOf(setting: Setting, h: Hyperparameters): Hyperparameters[] {
  const name = setting.name as keyof Hyperparameters
  const now = h[name]
  const values =
    typeof now === 'number' ? [now / 2, now, now * 2, now * 4] : (setting.choices ?? [false, true])
  return values.flatMap((value) => withValue(h, name, value) ?? [])
}
