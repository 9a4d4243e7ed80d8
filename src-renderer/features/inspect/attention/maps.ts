/** The attention of heads to [class, patches], and behind them their mean. */
export const withMean = (heads: number[][]): number[][] => [
  ...heads,
  heads[0]!.map((_, i) => heads.reduce((sum, head) => sum + head[i]!, 0) / heads.length),
]

/** The attention to each patch as a share of the largest, or of another value. */
export function levelsOf(map: number[], largest: number | null): number[] {
  const patches = map.slice(1)
  const most = largest ?? Math.max(...patches)
  return patches.map((value) => (most > 0 ? value / most : 0))
}

/** What stands out in a map: the patch with the largest share, what goes to the class token, and how far it looks in patches. */
export function attended(map: number[], from: number | null) {
  const patches = map.slice(1)
  const share = Math.max(...patches)
  const grid = Math.sqrt(patches.length)
  const place = (patch: number) => [Math.floor(patch / grid), patch % grid] as const
  const total = patches.reduce((sum, value) => sum + value, 0)
  let distance: number | null = null
  if (from !== null && total > 0) {
    const [y, x] = place(from)
    const apart = patches.reduce(
      (sum, value, i) => sum + value * Math.hypot(place(i)[0] - y, place(i)[1] - x),
      0,
    )
    distance = apart / total
  }
  const [row, column] = place(patches.indexOf(share))
  return { row, column, share, toClass: map[0]!, distance }
}
