import { z } from 'zod'
import { call, nothing, time } from './common'
import { words } from './strings'

/** What the person is told of: the end of something, or why something failed. */
const told = z.object({
  kind: z.enum(['ok', 'info', 'warn', 'bad']),
  /** What it is about, such as a run; stands before the text. */
  about: words(300).nullable(),
  text: words(4000),
  advice: words(4000).nullable(),
  /** The page that shows more. */
  to: words(4096).nullable(),
})
export type Told = z.infer<typeof told>

export const notification = told.extend({
  id: z.string(),
  at: time,
  /** Whether the person has looked at the list since. */
  seen: z.boolean(),
})
export type Notification = z.infer<typeof notification>

/** What the person was told, kept over restarts, newest first. */
export const notificationCalls = {
  'notifications.list': call(nothing, z.array(notification)),
  /** Keeps what a window told. */
  'notifications.add': call(told, z.array(notification)),
  'notifications.see': call(nothing, z.array(notification)),
  /** Removes one, or all for null. */
  'notifications.remove': call(z.object({ id: words(100).nullable() }), z.array(notification)),
} as const

export const notificationEvents = {
  'notifications.changed': z.array(notification),
  /** Something ended or failed; windows show it. */
  'notifications.told': notification,
} as const
