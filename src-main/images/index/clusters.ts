import type { ImageCluster } from '#shared/contract'
import type { DatasetIndex } from './dataset-index'
import { imageColumns, toImage } from './filtered'

/** Pictures that stand for a cluster. */
const typicalShown = 8

/** The cluster that an image is in, and its distance from the centre. */
export interface Clustered {
  file: number
  cluster: string
  distance: number
}

/** Keeps clusters in place of those before. */
export const keepClusters = (index: DatasetIndex, clustered: Clustered[]): void =>
  index.transaction(() => index.replace('clustered', ['file', 'cluster', 'distance'], clustered))

/** The clusters of the readable images, the largest first: the class that most of each have, and its most typical images. */
export function clustersOf(index: DatasetIndex): ImageCluster[] {
  const images = index.rows<Parameters<typeof toImage>[0] & { cluster: string }>(
    `SELECT cluster, ${imageColumns} FROM files JOIN (
       SELECT file, cluster, row_number() OVER (PARTITION BY cluster ORDER BY distance, file) AS rank FROM clustered
     ) ON file = id WHERE rank <= ${typicalShown} ORDER BY rank`,
  )
  const classes = index.rows<{ cluster: string; class: string | null; images: number }>(
    `SELECT cluster, class, count(*) AS images FROM clustered JOIN files ON file = id GROUP BY 1, 2 ORDER BY images DESC, class`,
  )
  return namedClusters(index).map(({ name, images: total }) => {
    const most = classes.find((one) => one.cluster === name && one.class !== null)
    return {
      name,
      images: total,
      mostly: most ? { class: most.class!, images: most.images } : null,
      typical: images.flatMap(({ cluster, ...row }) => (cluster === name ? [toImage(row)] : [])),
    }
  })
}

/** The names of the clusters with their images, the largest first. */
const namedClusters = (index: DatasetIndex) =>
  index.rows<{ name: string; images: number }>(
    'SELECT cluster AS name, count(*) AS images FROM clustered GROUP BY 1 ORDER BY images DESC, length(name), name',
  )

/** Gives a cluster another name; of two clusters of one name comes one. */
export const renameCluster = (index: DatasetIndex, from: string, to: string) =>
  void index.run('UPDATE clustered SET cluster = ? WHERE cluster = ?', to, from)

/** The cluster of each image, by its path: those nearest to their centres first. */
export const clusteredImages = (index: DatasetIndex) =>
  index.rows<{ path: string; cluster: string; distance: number }>(
    'SELECT path, cluster, distance FROM clustered JOIN files ON files.id = file ORDER BY cluster, distance, path',
  )
