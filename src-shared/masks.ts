/** The place of each patch in an order of prediction: order[k] is predicted k-th, so place[order[k]] = k. */
export function placesOf(order: ArrayLike<number>): number[] {
  const place = new Array<number>(order.length)
  Array.from(order).forEach((patch, k) => (place[patch] = k))
  return place
}

/**
 * The attention masks of one image (paper, section 3.2 and appendix F) over [class, patches]: which columns each row
 * may see. place[i] is the position of patch i in the order. In the order of prediction itself (place[i] = i) both are triangles.
 *   content: a patch sees the class token, itself and every earlier patch
 *   query:   a patch sees the class token and every strictly earlier patch
 * The class token sees only itself; the query stream does not compute that row.
 */
export function attentionMask(stream: 'content' | 'query', place: readonly number[]): boolean[][] {
  const sees = (i: number, j: number) => (stream === 'content' ? j <= i : j < i)
  const classRow = [true, ...place.map(() => false)]
  return [classRow, ...place.map((i) => [true, ...place.map((j) => sees(i, j))])]
}
