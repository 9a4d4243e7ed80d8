import path from 'node:path'
import { predictFolder } from '#jobs/evaluate/predict'

/** `saim predict`: names the classes of all images below a folder by a fine-tuned model, as CSV. */
export async function predict(
  evaluation: string,
  folder: string,
  {
    output,
    engine,
    threads,
    decoders,
  }: { output: string; engine: string; threads: number; decoders: number },
): Promise<void> {
  const target = path.resolve(output)
  const { images, unreadable } = await predictFolder(path.resolve(evaluation), path.resolve(folder), target, {
    engine,
    threads,
    decoders,
  })
  console.log(`${images} images, ${unreadable} files could not be read. Written: ${target}`)
}
