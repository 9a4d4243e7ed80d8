import { type AppErrorData, toErrorData } from '#shared/errors'

/** What a function of another process answers: errors would lose their class on the way, so they are sent as values. */
export type Answer<T> = { value: T } | { error: AppErrorData }

/** Functions as another process offers them. */
export type Answering<T> = {
  [N in keyof T]: T[N] extends (...input: infer I) => infer O
    ? (...input: I) => Promise<Answer<Awaited<O>>>
    : never
}

/** Functions made to answer what they throw. */
export const answering = <T extends Record<string, (...input: never[]) => unknown>>(functions: T) =>
  Object.fromEntries(
    Object.entries(functions).map(([name, work]) => [
      name,
      async (...input: never[]) => {
        try {
          return { value: await work(...input) }
        } catch (error) {
          return { error: toErrorData(error) }
        }
      },
    ]),
  ) as Answering<T>
