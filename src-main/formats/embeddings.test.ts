import { parquetReadObjects } from 'hyparquet'
import { describe, expect, it } from 'vitest'
import { embeddingFiles, npy } from './embeddings'
import { decodeSafetensors } from './safetensors'

const table = {
  images: [
    { path: 'a/1.jpg', class: 'a' },
    { path: 'b, "c".png', class: null },
  ],
  loss: Float32Array.of(0.5, 0.25),
  width: 2,
  features: {
    class_token: Float32Array.of(1, 2, 3, 4),
    patch_tokens: Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8),
  },
}

describe('exported embeddings', () => {
  it('are a csv that quotes what it must, without the patch tokens', () => {
    expect(String(embeddingFiles(table, 'csv')['embeddings.csv'])).toBe(
      'path,class,loss,class_token_0,class_token_1\na/1.jpg,a,0.5,1,2\n"b, ""c"".png",,0.25,3,4\n',
    )
  })

  it('are parquet with a list for each feature', async () => {
    const { buffer } = embeddingFiles(table, 'parquet')['embeddings.parquet'] as Uint8Array
    expect(await parquetReadObjects({ file: buffer as ArrayBuffer })).toEqual([
      { path: 'a/1.jpg', class: 'a', loss: 0.5, class_token: [1, 2], patch_tokens: [1, 2, 3, 4] },
      { path: 'b, "c".png', class: null, loss: 0.25, class_token: [3, 4], patch_tokens: [5, 6, 7, 8] },
    ])
  })

  it('are safetensors beside the names of their rows', () => {
    const files = embeddingFiles(table, 'safetensors')
    const { tensors } = decodeSafetensors(Buffer.concat(files['embeddings.safetensors'] as Uint8Array[]))
    expect(tensors['class_token']).toEqual({ shape: [2, 2], values: table.features.class_token })
    expect(tensors['patch_tokens']!.shape).toEqual([2, 2, 2])
    expect(String(files['images.csv'])).toContain('a/1.jpg,a,0.5\n')
  })

  it('are npy files of which the header says shape and type', () => {
    const bytes = Buffer.from(npy(Float32Array.of(1, 2, 3), [3]))
    expect(bytes.length).toBe(64 * 2 + 12)
    expect(bytes.toString('latin1', 0, 8)).toBe('\x93NUMPY\x01\x00')
    expect(bytes.toString('latin1', 10, 128)).toMatch(/^\{'descr': '<f4'.*'shape': \(3,\), \} *\n$/)
    expect(bytes.readFloatLE(132)).toBe(2)
    expect(Object.keys(embeddingFiles(table, 'npy')).sort()).toEqual([
      'class_token.npy',
      'images.csv',
      'loss.npy',
      'patch_tokens.npy',
    ])
  })
})
