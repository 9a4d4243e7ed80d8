/**
 * The two passes of `resample.ts`, in AssemblyScript, which the build compiles to WebAssembly: eight products
 * at a time make them several times as fast as JavaScript.
 *
 * All arguments are addresses and counts. The taps of output i are the inputs from first[i] on, in `pairs[i]` pairs. Their
 * weights, in units of 2^-22, start at weights[i * room] and are split, since products are of 16 bits: for each pair
 * both weights' quotients by 2^11, then both remainders.
 */

const precision = 22
const split = 11
/** Added before the shift, so that it rounds. */
const half = 1 << (precision - 1)

/** [rows, ., 3] bytes, each row `stride` bytes after the one before, to [rows, size, 3]; writes a byte more than that. */
export function horizontal(
  input: usize,
  stride: i32,
  rows: i32,
  output: usize,
  size: i32,
  first: usize,
  pairs: usize,
  weights: usize,
  room: i32,
): void {
  const zero = i32x4.splat(0)
  for (let y = 0; y < rows; y++) {
    for (let x = 0; x < size; x++) {
      let pixels = input + <usize>(3 * load<i32>(first + <usize>(4 * x)))
      let weight = weights + <usize>(4 * x * room)
      const end = weight + <usize>(8 * load<i32>(pairs + <usize>(4 * x)))
      let high = zero // red, green, blue, nothing
      let low = zero
      for (; weight < end; weight += 8, pixels += 6) {
        // Red of both, green of both, blue of both, as 16 bits each.
        const values = i8x16.shuffle(
          v128.load64_zero(pixels),
          zero,
          0,
          16,
          3,
          16,
          1,
          16,
          4,
          16,
          2,
          16,
          5,
          16,
          16,
          16,
          16,
          16,
        )
        high = i32x4.add(high, i32x4.dot_i16x8_s(values, v128.load32_splat(weight)))
        low = i32x4.add(low, i32x4.dot_i16x8_s(values, v128.load32_splat(weight, 4)))
      }
      const sums = scaled(high, low)
      v128.store32_lane(output, bytes(sums, sums, sums, sums), 0)
      output += 3
    }
    input += stride
  }
}

/** [., length] bytes to [size, length], 16 at a time; reads a row, and writes up to 15 bytes, more than that. */
export function vertical(
  input: usize,
  length: i32,
  output: usize,
  size: i32,
  first: usize,
  pairs: usize,
  weights: usize,
  room: i32,
): void {
  const zero = i32x4.splat(0)
  for (let y = 0; y < size; y++) {
    const rows = input + <usize>(length * load<i32>(first + <usize>(4 * y)))
    const start = weights + <usize>(4 * y * room)
    const end = start + <usize>(8 * load<i32>(pairs + <usize>(4 * y)))
    for (let x = 0; x < length; x += 16) {
      let high0 = zero
      let high1 = zero
      let high2 = zero
      let high3 = zero
      let low0 = zero
      let low1 = zero
      let low2 = zero
      let low3 = zero
      let row = rows + <usize>x
      for (let weight = start; weight < end; weight += 8, row += 2 * length) {
        const one = v128.load(row)
        const other = v128.load(row + length)
        const left = i8x16.shuffle(one, other, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23)
        const right = i8x16.shuffle(one, other, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31)
        const values0 = i16x8.extend_low_i8x16_u(left)
        const values1 = i16x8.extend_high_i8x16_u(left)
        const values2 = i16x8.extend_low_i8x16_u(right)
        const values3 = i16x8.extend_high_i8x16_u(right)
        const quotients = v128.load32_splat(weight)
        const remainders = v128.load32_splat(weight, 4)
        high0 = i32x4.add(high0, i32x4.dot_i16x8_s(values0, quotients))
        high1 = i32x4.add(high1, i32x4.dot_i16x8_s(values1, quotients))
        high2 = i32x4.add(high2, i32x4.dot_i16x8_s(values2, quotients))
        high3 = i32x4.add(high3, i32x4.dot_i16x8_s(values3, quotients))
        low0 = i32x4.add(low0, i32x4.dot_i16x8_s(values0, remainders))
        low1 = i32x4.add(low1, i32x4.dot_i16x8_s(values1, remainders))
        low2 = i32x4.add(low2, i32x4.dot_i16x8_s(values2, remainders))
        low3 = i32x4.add(low3, i32x4.dot_i16x8_s(values3, remainders))
      }
      v128.store(
        output + <usize>x,
        bytes(scaled(high0, low0), scaled(high1, low1), scaled(high2, low2), scaled(high3, low3)),
      )
    }
    output += length
  }
}

/** Four sums of products, put together from those with quotients and with remainders, in whole numbers. */
function scaled(high: v128, low: v128): v128 {
  const sums = i32x4.add(i32x4.shl(high, split), low)
  return i32x4.shr_s(i32x4.add(sums, i32x4.splat(half)), precision)
}

/** Sixteen numbers, cut to bytes. */
function bytes(a: v128, b: v128, c: v128, d: v128): v128 {
  return i8x16.narrow_i16x8_u(i16x8.narrow_i32x4_s(a, b), i16x8.narrow_i32x4_s(c, d))
}
