/** Which of many titles answer what a person typed, best first. */

/** How well a title answers: 3 begins with it, 2 has words that begin with it, 1 has it inside, 0 not at all. */
export function fit(title: string, query: string): number {
  const text = title.toLowerCase()
  const wanted = query.toLowerCase().split(/\s+/).filter(Boolean)
  if (text.startsWith(query.trim().toLowerCase())) return 3
  const fits = wanted.map((word) => {
    const at = text.indexOf(word)
    if (at < 0) return 0
    return startsWord(text, word) ? 2 : 1
  })
  return Math.min(...fits)
}

/** Whether a word of the text begins so. */
function startsWord(text: string, word: string): boolean {
  for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + 1))
    if (at === 0 || !/[\p{L}\p{N}]/u.test(text[at - 1]!)) return true
  return false
}

/** Those that fit: by how well, then by when they were used last, then as they were given. */
export function ranked<T extends { id: string; title: string }>(
  all: T[],
  query: string,
  used: (id: string) => number,
): T[] {
  return all
    .map((one) => ({ one, fit: fit(one.title, query), used: used(one.id) }))
    .filter((each) => each.fit > 0)
    .sort((a, b) => b.fit - a.fit || b.used - a.used)
    .map(({ one }) => one)
}

/** A title in pieces, those marked that the query names. */
export function marked(title: string, query: string): { text: string; hit: boolean }[] {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean)
  const hits = Array.from(title, () => false)
  for (const word of words) {
    const at = title.toLowerCase().indexOf(word)
    if (at >= 0) hits.fill(true, at, at + word.length)
  }
  const pieces: { text: string; hit: boolean }[] = []
  hits.forEach((hit, i) => {
    const last = pieces.at(-1)
    if (last?.hit === hit) last.text += title[i]
    else pieces.push({ text: title[i]!, hit })
  })
  return pieces
}
