import { defineStore } from 'pinia'
import type { CallInput } from '#shared/contract'
import { counted } from '#shared/words'
import { backend } from '#backend'
import { useApp } from '#shell/store'
import { useDatasetImages } from './images'

type Taken = CallInput<'datasets.take'>['as']

/** What the selected images can be taken elsewhere as, and what becomes of the files. */
export const takenAs: Record<Taken, { title: string; text: string }> = {
  copies: { title: 'Copies in folders by class', text: 'The originals are where they were, unchanged.' },
  links: {
    title: 'Hard links in folders by class',
    text: 'They take no room. A link and the original are one file: who changes one changes both.',
  },
  csv: { title: 'Table (CSV)', text: 'Path, class, split, tags and size. No image is changed.' },
  coco: { title: 'COCO (JSON)', text: 'The class of each image as one of all of it. No image is changed.' },
}

/** Takes the selected images elsewhere; the files themselves are never changed. */
export const useTaking = defineStore('taking', () => {
  const app = useApp()
  const images = useDatasetImages()

  async function take(as: Taken) {
    const folder = await app.pickFolder('Where shall the images go?')
    const ids = images.subject.map(({ id }) => id)
    if (!folder || !images.dataset || ids.length === 0) return
    const asked = { id: images.dataset.id, images: ids, as, folder }
    const taken = await app.attempt(() => backend['datasets.take'](asked))
    if (taken) app.say(`${counted(taken.images, 'images')} taken to ${taken.path}`, takenAs[as].text)
  }
  return { take }
})
