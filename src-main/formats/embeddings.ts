import { csvText } from '#shared/csv'
import { parquetWriteBuffer } from 'hyparquet-writer'
import type { EmbeddingFormat } from '#shared/contract'
import type { FileContents } from './bytes'
import { encodeSafetensors } from './safetensors'

/** Embeddings of n images as they are written. */
export interface EmbeddingTable {
  images: { path: string; class: string | null }[]
  loss: Float32Array
  /** Features under their names, [n, ...] row-major. */
  features: Record<string, Float32Array>
  /** Length of a token's vector. */
  width: number
}

/**
 * The files of an export: parquet and csv hold everything in one file; npy and safetensors hold features and losses, beside
 * images.csv that names their rows. Features that are no vector for each image (patch tokens) are [n, N, width] in npy and
 * safetensors, and one long list in parquet; csv leaves them out.
 */
export function embeddingFiles(table: EmbeddingTable, format: EmbeddingFormat): Record<string, FileContents> {
  switch (format) {
    case 'npy':
      return {
        'images.csv': csv(table, {}),
        'loss.npy': npy(table.loss, [table.loss.length]),
        ...Object.fromEntries(
          tensors(table).map(([name, { values, shape }]) => [`${name}.npy`, npy(values, shape)]),
        ),
      }
    case 'safetensors':
      return {
        'images.csv': csv(table, {}),
        'embeddings.safetensors': encodeSafetensors({
          loss: { values: table.loss, shape: [table.loss.length] },
          ...Object.fromEntries(tensors(table)),
        }),
      }
    case 'csv': {
      const vectors = Object.entries(table.features).filter(
        ([, values]) => values.length === table.loss.length * table.width,
      )
      return { 'embeddings.csv': csv(table, Object.fromEntries(vectors)) }
    }
    case 'parquet':
      return { 'embeddings.parquet': parquet(table) }
  }
}

function tensors({ features, loss, width }: EmbeddingTable) {
  return Object.entries(features).map(([name, values]) => {
    const perImage = values.length / loss.length / width
    const shape = perImage === 1 ? [loss.length, width] : [loss.length, perImage, width]
    return [name, { values, shape }] as const
  })
}

/** NumPy's format, version 1.0: a header padded to 64 bytes, then the values in little endian. */
export function npy(values: Float32Array, shape: number[]): Uint8Array {
  const description = `{'descr': '<f4', 'fortran_order': False, 'shape': (${shape.map((n) => `${n},`).join(' ')}), }`
  const prefix = 10
  const padded = Math.ceil((prefix + description.length + 1) / 64) * 64 - prefix
  const header = Buffer.from(`\x93NUMPY\x01\x00  ${description.padEnd(padded - 1)}\n`, 'latin1')
  header.writeUInt16LE(padded, 8)
  return Buffer.concat([header, new Uint8Array(values.buffer, values.byteOffset, values.byteLength)])
}

/** A row for each image; what a spreadsheet would misread is quoted. */
function csv({ images, loss, width }: EmbeddingTable, vectors: Record<string, Float32Array>): Buffer {
  const columns = Object.keys(vectors).flatMap((name) =>
    Array.from({ length: width }, (_, i) => `${name}_${i}`),
  )
  const header = ['path', 'class', 'loss', ...columns]
  const rows = images.map(({ path, class: name }, row) => [
    csvText(path),
    csvText(name ?? ''),
    loss[row]!,
    ...Object.values(vectors).flatMap((values) => [...values.subarray(row * width, (row + 1) * width)]),
  ])
  return Buffer.concat([header, ...rows].map((row) => Buffer.from(`${row.join(',')}\n`)))
}

/** Columns path, class and loss, and a list of floats for each feature. */
function parquet({ images, loss, features }: EmbeddingTable): Uint8Array {
  const lists = Object.entries(features).map(([name, values]) => {
    const length = values.length / loss.length
    const rows = images.map((_, row) => [...values.subarray(row * length, (row + 1) * length)])
    return { name, data: rows }
  })
  const buffer = parquetWriteBuffer({
    columnData: [
      { name: 'path', data: images.map(({ path }) => path) },
      { name: 'class', data: images.map((image) => image.class) },
      { name: 'loss', data: loss },
      ...lists,
    ],
    schema: [
      { name: 'root', num_children: 3 + lists.length },
      { name: 'path', type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'REQUIRED' },
      { name: 'class', type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'OPTIONAL' },
      { name: 'loss', type: 'FLOAT', repetition_type: 'REQUIRED' },
      ...lists.flatMap(({ name }) => [
        { name, converted_type: 'LIST' as const, num_children: 1, repetition_type: 'REQUIRED' as const },
        { name: 'list', num_children: 1, repetition_type: 'REPEATED' as const },
        { name: 'element', type: 'FLOAT' as const, repetition_type: 'REQUIRED' as const },
      ]),
    ],
  })
  return new Uint8Array(buffer)
}
