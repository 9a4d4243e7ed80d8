import { fileUrl } from '#ui/file-url'

/** The address of an image of a prediction: small, or as large as it is, up to 1600 pixels. */
export const pictureUrl = (prediction: string, place: number, size: 'small' | 'large' = 'small') =>
  fileUrl(`predicted/${prediction}/${place}/${size}`)
