/** Images with more pixels than this are refused: they are mistakes or attacks. */
export const pixelLimit = 200e6

/** An image that takes longer to decode is given up. */
export const decodeSeconds = 60

/** An image whose header takes longer to read, as that of an animation of millions of frames, is left out. */
export const headerSeconds = 10

/** Why we refuse an image ourselves, in words; what sharp and Node say is put into words by `explain`. */
export const refusals = {
  tooLarge: `larger than ${pixelLimit / 1e6} megapixels`,
  tooManyBytes: 'larger than 2 GB',
  tooSlow: `it takes longer than ${decodeSeconds} seconds to decode`,
  headerTooSlow: `its header takes longer than ${headerSeconds} seconds to read`,
  notAFile: 'not a file',
  outside: 'a link out of the folders that may be used',
  notAnImage: 'not an image, or in an unsupported format',
  changed: 'it changed since the scan',
  endsTooEarly: 'damaged: it ends too early',
  /** `format` as in "JPEG XL". */
  format: (format: string) => `${format} cannot be decoded here: save it as JPEG or PNG`,
  /** `samples` as in "5 bands". */
  samples: (format: string, samples: string) =>
    `${format} of ${samples} cannot be decoded here: save it as 8-bit or 16-bit grey or RGB`,
} as const

/** An image that is refused, with the reason in words. */
export class UnreadableImage extends Error {}
