/**
 * Linear regression with a penalty on the weights, not on the bias, in closed form, and what each row would be given had it been
 * left out: both exact (Hastie, Tibshirani and Friedman, "The elements of statistical learning", 3.4 and 7.10).
 */
export interface Ridge {
  /** [targets, width] */
  weights: Float64Array
  /** [targets] */
  bias: Float64Array
  /** What the regression without a row gives that row, [rows, targets]. */
  leftOut: Float64Array
}

interface Rows {
  /** [rows, width] */
  values: Float32Array
  width: number
}

/** Regresses targets [rows, targets] on rows: minimises |Y - XW - b|² + penalty |W|². */
export function ridge(rows: Rows, targets: Float64Array, penalty: number): Ridge {
  const { width } = rows
  const count = rows.values.length / width
  const outputs = targets.length / count
  const [x, means] = centred(rows.values, width)
  const [y, bias] = centred(targets, outputs)
  // With X and Y centred the bias drops out. Of XᵀX and XXᵀ the smaller is inverted.
  const dual = count <= width
  const side = dual ? count : width
  const inverse = inverseOf(dual ? gram(x, count, width) : gram(transposed(x, width), width, count), penalty)
  const weights = new Float64Array(outputs * width)
  const leftOut = new Float64Array(count * outputs)
  // dual: W = Xᵀ A, A = (XXᵀ + λ)⁻¹ Y; else W = (XᵀX + λ)⁻¹ Xᵀ Y.
  const solved = product(inverse, dual ? y : product(transposed(x, width), y, width, count, outputs), side, side, outputs) // prettier-ignore
  for (let k = 0; k < outputs; k++)
    if (dual)
      for (let r = 0; r < count; r++) {
        const share = solved[r * outputs + k]!
        for (let i = 0; i < width; i++) weights[k * width + i]! += share * x[r * width + i]!
      }
    else for (let i = 0; i < width; i++) weights[k * width + i] = solved[i * outputs + k]!
  const given = product(x, transposed(weights, width), count, width, outputs)
  for (let r = 0; r < count; r++) {
    const own = x.subarray(r * width, (r + 1) * width)
    // How much the row's own target counts for what it is given.
    const leverage = 1 / count + (dual ? 1 - penalty * inverse[r * count + r]! : form(inverse, own))
    for (let k = 0; k < outputs; k++) {
      const at = r * outputs + k
      leftOut[at] = bias[k]! + y[at]! - (y[at]! - given[at]!) / Math.max(1 - leverage, 1e-12)
    }
  }
  for (let k = 0; k < outputs; k++)
    for (let i = 0; i < width; i++) bias[k]! -= weights[k * width + i]! * means[i]!
  return { weights, bias, leftOut }
}

function centred(values: ArrayLike<number>, width: number): [Float64Array, Float64Array] {
  const count = values.length / width
  const means = new Float64Array(width)
  for (let at = 0; at < values.length; at++) means[at % width]! += values[at]! / count
  return [Float64Array.from(values, (value, at) => value - means[at % width]!), means]
}

function transposed(values: Float64Array, width: number): Float64Array {
  const count = values.length / width
  const turned = new Float64Array(values.length)
  for (let r = 0; r < count; r++)
    for (let i = 0; i < width; i++) turned[i * count + r] = values[r * width + i]!
  return turned
}

/** [rows, width] times its transpose. */
function gram(values: Float64Array, rows: number, width: number): Float64Array {
  const found = new Float64Array(rows * rows)
  for (let i = 0; i < rows; i++)
    for (let j = 0; j <= i; j++) {
      let sum = 0
      for (let k = 0; k < width; k++) sum += values[i * width + k]! * values[j * width + k]!
      found[i * rows + j] = found[j * rows + i] = sum
    }
  return found
}

/** [rows, inner] times [inner, columns]. */
function product(a: Float64Array, b: Float64Array, rows: number, inner: number, columns: number) {
  const found = new Float64Array(rows * columns)
  for (let r = 0; r < rows; r++)
    for (let i = 0; i < inner; i++) {
      const value = a[r * inner + i]!
      for (let c = 0; c < columns; c++) found[r * columns + c]! += value * b[i * columns + c]!
    }
  return found
}

/** xᵀ M x */
function form(matrix: Float64Array, x: Float64Array): number {
  let sum = 0
  for (let i = 0; i < x.length; i++) {
    let row = 0
    for (let j = 0; j < x.length; j++) row += matrix[i * x.length + j]! * x[j]!
    sum += row * x[i]!
  }
  return sum
}

/** The inverse of a symmetric matrix with `penalty` added to its diagonal, by Cholesky's factors. */
function inverseOf(matrix: Float64Array, penalty: number): Float64Array {
  const side = Math.sqrt(matrix.length)
  const lower = new Float64Array(matrix.length)
  for (let i = 0; i < side; i++)
    for (let j = 0; j <= i; j++) {
      let sum = matrix[i * side + j]! + (i === j ? penalty : 0)
      for (let k = 0; k < j; k++) sum -= lower[i * side + k]! * lower[j * side + k]!
      lower[i * side + j] = i === j ? Math.sqrt(sum) : sum / lower[j * side + j]!
    }
  // L⁻¹, row by row below the diagonal; the inverse is L⁻ᵀ L⁻¹.
  const below = new Float64Array(matrix.length)
  for (let j = 0; j < side; j++) {
    below[j * side + j] = 1 / lower[j * side + j]!
    for (let i = j + 1; i < side; i++) {
      let sum = 0
      for (let k = j; k < i; k++) sum -= lower[i * side + k]! * below[k * side + j]!
      below[i * side + j] = sum / lower[i * side + i]!
    }
  }
  return gram(transposed(below, side), side, side)
}
