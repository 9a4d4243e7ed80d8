/** Does the work, prints how many milliseconds it took, and answers its result. */
export async function timed<T>(what: string, work: () => T | Promise<T>): Promise<T> {
  const start = performance.now()
  const result = await work()
  console.log(`${(performance.now() - start).toFixed(1).padStart(9)} ms  ${what}`)
  return result
}
