import { defineStore } from 'pinia'
import { computed, ref, watch } from 'vue'
import { backend } from '#backend'
import { useAnswer } from '#features/inspect/answer'
import { useApp } from '#shell/store'
import { useDatasets } from '#features/datasets/store'
import { useDatasetImages } from '#features/datasets/images/images'
import { unfiltered, unlabelled } from '#features/datasets/images/view'

export type LabelOrder = 'name' | 'unsure' | 'sure' | 'doubted'

/** Labelling a data set: classes by number keys, suggestions by a classifier of the labels so far, and what is left to look at. */
export const useLabelling = defineStore('labelling', () => {
  const app = useApp()
  const datasets = useDatasets()
  const images = useDatasetImages()

  const on = computed(() => images.view.labelling)
  /** Begins with images that have no class; with all images where each has one. */
  function begin() {
    images.clear()
    const left = labelled.value < total.value
    return images.change({ ...unfiltered, ...unlabelled, ...(left ? {} : { classes: [] }) })
  }
  const end = () => images.change({ ...unfiltered, labelling: false, sort: 'name' })

  /** Asked again after each act, and when more images are measured. */
  const { answer: suggested, busy } = useAnswer(
    () =>
      on.value && images.dataset && images.checkpoint && images.canSearch
        ? {
            ...{ id: images.dataset.id, ...images.checkpoint, act: images.dataset.newestAct },
            ...{ classes: images.dataset.classes, excluded: images.dataset.excluded },
            measured: images.measurement!.pending,
          }
        : null,
    ({ id, run, step }) => backend['datasets.suggest']({ id, run, step }),
  )
  watch(suggested, () => images.refresh())

  /** Classes that the person named and that no image has yet. */
  const named = ref<string[]>([])
  watch(
    () => images.dataset?.id,
    () => (named.value = []),
  )
  const classes = computed(() => {
    const known = images.dataset?.classes ?? []
    const names = [...known.map(({ name }) => name), ...named.value]
    return [...new Set(names)].map((name) => ({
      name,
      images: known.find((one) => one.name === name)?.images ?? 0,
    }))
  })
  const labelled = computed(() => (images.dataset?.classes ?? []).reduce((sum, one) => sum + one.images, 0))
  const total = computed(() => images.dataset?.images ?? 0)

  /** The share of labels that the classifier finds without them; null while there are too few. */
  const accuracy = computed(() => {
    const { right = null, labelled: of = 0 } = suggested.value ?? {}
    return right === null ? null : { share: right / of, of }
  })

  /** What is shown: images without a class, in one order or another, or those whose class is doubted, the clearest first. */
  const order = computed((): LabelOrder => {
    if (images.view.problems.includes('doubted')) return 'doubted'
    return images.view.sort === 'sure' || images.view.sort === 'unsure' ? images.view.sort : 'name'
  })
  const show = (wanted: LabelOrder) =>
    images.change({
      ...unfiltered,
      ...(wanted === 'doubted' ? { problems: ['doubted'], sort: 'sure' } : { classes: [''], sort: wanted }),
    })

  /** Gives the selection, or the image that is looked at, a class, and goes to the next image. */
  async function label(name: string) {
    const single = images.selected.size === 0
    const place = single && images.view.image !== null ? images.placeOf(images.view.image) : null
    const next = place === null ? undefined : images.imageAt(place + 1)
    named.value = [...new Set([...named.value, name])]
    await images.act({ class: name })
    if (next) await images.look(next.path)
  }
  /** Gives those images on screen, or of the selection, that have no class the one that is suggested. */
  const acceptable = computed(() =>
    (images.selected.size ? [...images.selected.values()] : images.shown()).filter(
      (one) => one.suggestion && one.class !== one.suggestion.class,
    ),
  )
  const accept = () => images.act({ accept: true }, acceptable.value)

  /** Keeps the classifier of the labels of now, for the page Predict and `saim predict`. */
  async function keepClassifier() {
    const { id, name } = images.dataset ?? {}
    if (!id || !images.checkpoint) return
    const question = { id, ...images.checkpoint, name: name! }
    const kept = await app.attempt(() => backend['datasets.keepClassifier'](question))
    if (kept) app.say(`Classifier kept: ${kept.path}`, 'It names the classes of other images on the page Predict.') // prettier-ignore
  }
  async function exportLabels() {
    const folder = await app.pickFolder('Where shall the table of labels go?')
    const { id } = images.dataset ?? {}
    if (!folder || !id) return
    const written = await app.attempt(() => backend['datasets.exportLabels']({ id, folder }))
    if (written) app.say(`Labels written: ${written.path}`)
  }
  async function importLabels(file: File) {
    const { id } = images.dataset ?? {}
    if (id) await app.attempt(async () => datasets.importLabels(id, await file.text(), file.name))
  }

  return {
    on,
    begin,
    end,
    suggested,
    busy,
    classes,
    labelled,
    total,
    accuracy,
    order,
    show,
    label,
    acceptable,
    accept,
    keepClassifier,
    exportLabels,
    importLabels,
  }
})
