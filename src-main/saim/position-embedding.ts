/**
 * Fixed 2-D sine-cosine position embedding [N, C], N = grid², row-major.
 * omega_k = 10000^(-k / (C/4)), k < C/4; the first half of the width encodes the column, the second half the
 * row, each as [sin, cos] (DESIGN.md section 1, "Tokens").
 */
export function positionEmbedding(grid: number, width: number): Float32Array {
  const quarter = width / 4
  const omega = Array.from({ length: quarter }, (_, k) => 10_000 ** (-k / quarter))
  const embedding = new Float32Array(grid * grid * width)
  for (let row = 0; row < grid; row++)
    for (let column = 0; column < grid; column++) {
      const start = (row * grid + column) * width
      omega.forEach((frequency, k) => {
        embedding[start + k] = Math.sin(column * frequency)
        embedding[start + quarter + k] = Math.cos(column * frequency)
        embedding[start + 2 * quarter + k] = Math.sin(row * frequency)
        embedding[start + 3 * quarter + k] = Math.cos(row * frequency)
      })
    }
  return embedding
}
