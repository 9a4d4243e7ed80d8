/** The answers of `work` for each item, in their order. A few are worked on at a time, so that files do not run out. */
export async function fewAtOnce<T, R>(
  items: readonly T[],
  work: (item: T) => Promise<R>,
  atOnce = 16,
): Promise<R[]> {
  const answers: R[] = []
  let next = 0
  const take = async () => {
    for (let i = next++; i < items.length; i = next++) answers[i] = await work(items[i]!)
  }
  await Promise.all(Array.from({ length: atOnce }, take))
  return answers
}
