/** Some rows of [n, width], one after the other. */
export function rowsAt(values: Float32Array, width: number, places: ArrayLike<number>): Float32Array {
  const found = new Float32Array(places.length * width)
  for (let i = 0; i < places.length; i++)
    found.set(values.subarray(places[i]! * width, (places[i]! + 1) * width), i * width)
  return found
}
