/** Of the normal distribution: between −1.96 and 1.96 lie 95 %. */
const z = 1.96

/**
 * Half the width of the 95 % confidence interval of an accuracy that was measured on so many images (Wilson, 1927): a
 * difference below it can be chance. It shrinks with the square root of the images and is not 0 where all were right.
 */
export function uncertainty(share: number, images: number): number {
  if (images === 0) return 1
  const spread = (share * (1 - share)) / images + z ** 2 / (4 * images ** 2)
  return (z * Math.sqrt(spread)) / (1 + z ** 2 / images)
}
