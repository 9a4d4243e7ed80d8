import { AppError } from '#shared/errors'

/** An image file that a person drops or chooses, in base64. */
export interface GivenPicture {
  name: string
  data: string
}

/** Larger files are sent as a smaller picture: models look at far fewer pixels. */
const mostBytes = 600_000
const mostPixels = 1024

/** The picture of a file. Throws AppError image-unreadable. */
export async function givenPicture(file: Blob & { name?: string }): Promise<GivenPicture> {
  const sent = file.size > mostBytes ? await reduced(file) : file
  const bytes = new Uint8Array(await sent.arrayBuffer())
  const text = Array.from(bytes, (byte) => String.fromCharCode(byte)).join('')
  return { name: file.name ?? 'Picture', data: btoa(text) }
}

async function reduced(file: Blob & { name?: string }): Promise<Blob> {
  const bitmap = await createImageBitmap(file).catch(() => {
    throw new AppError(
      'image-unreadable',
      `${file.name ?? 'The picture'} cannot be read.`,
      'Choose a JPEG, PNG or WebP file.',
    )
  })
  const scale = Math.min(1, mostPixels / Math.max(bitmap.width, bitmap.height))
  const canvas = new OffscreenCanvas(Math.round(scale * bitmap.width), Math.round(scale * bitmap.height))
  canvas.getContext('2d')!.drawImage(bitmap, 0, 0, canvas.width, canvas.height)
  return canvas.convertToBlob({ type: 'image/jpeg', quality: 0.92 })
}
