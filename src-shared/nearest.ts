/** Of some names the one that a mistyped one is nearest to; none where nothing is near. */
export function nearest(typed: string, names: readonly string[]): string | undefined {
  const found = names
    .map((name) => ({ name, steps: editsBetween(typed, name) }))
    .sort((a, b) => a.steps - b.steps)[0]
  return found && found.steps <= Math.max(1, 0.4 * found.name.length) ? found.name : undefined
}

/** Letters that must be put in, left out or exchanged to make one word of another. */
function editsBetween(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (const [i, letter] of [...a].entries()) {
    const next = [i + 1]
    for (let j = 0; j < b.length; j++)
      next.push(Math.min(row[j]! + (letter === b[j] ? 0 : 1), row[j + 1]! + 1, next[j]! + 1))
    row = next
  }
  return row[b.length]!
}
