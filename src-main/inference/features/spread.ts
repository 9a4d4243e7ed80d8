import { EigenvalueDecomposition, Matrix } from 'ml-matrix'
import { type FeatureRows, unitRows } from './knn'

/** How features spread out. A representation that collapses shows it here before any label does. */
export interface Spread {
  /**
   * exp of the entropy of the singular values of the centred features, as shares of their sum (Roy and Vetterli, "The
   * effective rank"): as many directions as are really used, from 1 to the width.
   */
  effectiveRank: number
  /** Mean over the width of the variance of a feature. */
  variance: number
  /**
   * log mean exp(-2 |x - y|²) over pairs of features of length 1 (Wang and Isola, "Alignment and uniformity on the
   * hypersphere"): 0 where all are equal, the lower the more evenly they lie.
   */
  uniformity: number
}

/** The spread of at least two rows. */
export function spreadOf(rows: FeatureRows): Spread {
  const count = rows.values.length / rows.width
  const centred = centre(rows)
  // Singular values squared are the eigenvalues of XᵀX and, but for zeros, of XXᵀ: the smaller of the two is taken.
  const gram = rows.width <= count ? centred.transpose().mmul(centred) : centred.mmul(centred.transpose())
  const squares = new EigenvalueDecomposition(gram, { assumeSymmetric: true }).realEigenvalues
  const singular = squares.map((square) => Math.sqrt(Math.max(square, 0)))
  const sum = singular.reduce((a, b) => a + b, 0)
  const entropy = singular.reduce((total, s) => (s > 0 ? total - (s / sum) * Math.log(s / sum) : total), 0)
  return {
    effectiveRank: Math.exp(entropy),
    variance: squares.reduce((a, b) => a + b, 0) / count / rows.width,
    uniformity: uniformity(unitRows(rows), rows.width),
  }
}

function centre({ values, width }: FeatureRows): Matrix {
  const matrix = Matrix.from1DArray(values.length / width, width, values)
  return matrix.center('column') as Matrix
}

function uniformity(unit: Float32Array, width: number): number {
  const count = unit.length / width
  let sum = 0
  for (let i = 0; i < count; i++)
    for (let j = 0; j < i; j++) {
      let product = 0
      for (let k = 0; k < width; k++) product += unit[i * width + k]! * unit[j * width + k]!
      sum += Math.exp(-2 * (2 - 2 * product)) // |x - y|² = 2 - 2 x·y
    }
  return Math.log((2 * sum) / (count * (count - 1)))
}
