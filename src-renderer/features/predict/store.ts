import { mdiDeleteOutline, mdiExportVariant, mdiPencilOutline } from '@mdi/js'
import { defineStore } from 'pinia'
import { computed, ref, shallowRef, watch } from 'vue'
import { useRoute, useRouter } from 'vue-router'
import type { Classifier, Prediction } from '#shared/contract'
import { counted } from '#shared/words'
import { backend, onEvent } from '#backend'
import { useAsking } from '#shell/deeds/asking'
import type { Deed } from '#shell/deeds/deed'
import { useApp } from '#shell/store'
import { givenPicture } from '#ui/pictures/given-picture'
import { choose, type Confidence } from './choose'

/** What classes are predicted of: a folder, or pictures that were dropped or chosen. */
type Source = { folder: string } | { pictures: File[] }

/** The classes of images by a classifier: whom to ask, about which images, and what it said. */
export const usePredict = defineStore('predict', () => {
  const app = useApp()
  const asking = useAsking()
  const route = useRoute()
  const router = useRouter()

  const classifiers = shallowRef<Classifier[] | null>(null)
  const key = ref<string | null>(null)
  const classifier = computed(() => classifiers.value?.find((one) => one.key === key.value) ?? null)
  async function load() {
    classifiers.value = (await app.attempt(() => backend['classifiers.list'](undefined))) ?? []
    if (!classifier.value) key.value = classifiers.value[0]?.key ?? null
  }
  const exporting = ref(false)
  async function exportOnnx({ key: evaluation, run: id }: Classifier) {
    const folder = await app.pickFolder('Where shall the classifier go?')
    if (!folder) return
    exporting.value = true
    const made = await app.attempt(() => backend['exports.create']({ id, evaluation, format: 'classifier', folder })) // prettier-ignore
    exporting.value = false
    if (made) app.say(`Classifier exported: ${made.folder}`, 'The names of its classes are in the file.')
  }
  const remove = ({ key: removed, name }: Classifier) =>
    asking.ask({
      title: `Remove ${name}?`,
      text: 'The labels that it learned from stay with their data set, and can make it anew.',
      ...{ action: 'Remove', grave: true },
      run: () =>
        app.attempt(async () => {
          await backend['classifiers.remove']({ key: removed })
          await load()
        }),
    })
  const rename = ({ key: named, name: before }: Classifier) =>
    asking.ask({
      title: 'Rename the classifier?',
      field: { label: 'Name', value: before },
      action: 'Rename',
      run: (name) =>
        app.attempt(async () => {
          await backend['classifiers.rename']({ key: named, name })
          await load()
        }),
    })
  /** What can be done with a classifier; those that belong to an evaluation are removed with it. */
  const deedsOf = (one: Classifier): Deed[] => [
    { id: 'rename', title: 'Rename', icon: mdiPencilOutline, run: () => rename(one) },
    {
      ...{ id: 'export', title: 'Export as ONNX', icon: mdiExportVariant },
      ...{ disabled: exporting.value, run: () => exportOnnx(one) },
    },
    ...(one.kind === 'few-shot'
      ? [
          {
            ...{ id: 'remove', title: 'Remove', icon: mdiDeleteOutline },
            ...{ apart: true, run: () => remove(one) },
          },
        ]
      : []),
  ]

  const source = shallowRef<Source | null>(null)
  const prediction = shallowRef<Prediction | null>(null)
  /** The prediction that is being made, and how far it is. */
  const under = ref<{ id: string; done: number; total: number | null } | null>(null)
  onEvent('classifiers.progress', ({ id, ...progress }) => {
    if (under.value?.id === id) under.value = { id, ...progress }
  })
  const stop = () => under.value && app.attempt(() => backend['classifiers.stop']({ id: under.value!.id }))

  async function predict() {
    if (!source.value || !key.value) return
    const id = `p-${Math.random().toString(36).slice(2)}`
    const asked = { id, key: key.value, from: source.value }
    under.value = { id, done: 0, total: null }
    const made = await app.attempt(async () => {
      const { from } = asked
      if ('folder' in from) return backend['classifiers.predict']({ id, key: asked.key, folder: from.folder })
      for (const file of from.pictures)
        await backend['classifiers.give']({ id, ...(await givenPicture(file)) })
      return backend['classifiers.predict']({ id, key: asked.key })
    })
    if (under.value?.id !== id) return // asked anew meanwhile
    under.value = null
    if (!made) return
    prediction.value = made
    shownClass.value = null
    image.value = null
  }
  const about = (wanted: Source) => {
    source.value = wanted
    prediction.value = null
    return predict()
  }
  async function chooseFolder() {
    const folder = await app.pickFolder('Choose a folder of images')
    if (folder) await about({ folder })
  }
  /** Pictures or, where the host tells where it lies, a folder. */
  async function drop(files: File[]) {
    const pictures = files.filter(({ type }) => type.startsWith('image/'))
    if (pictures.length) await about({ pictures })
    else if (files[0] && window.saim) await about({ folder: window.saim.pathForFile(files[0]) })
    else app.say('These are no images.', 'Drop JPEG, PNG or WebP files, or choose a folder.')
  }
  watch(key, (now, before) => before && now && predict())

  const layout = ref<'grid' | 'table'>('grid')
  const shownClass = ref<number | null>(null)
  const confidence = ref<Confidence>('all')
  const shown = computed(() =>
    prediction.value
      ? choose(prediction.value, { class: shownClass.value, confidence: confidence.value })
      : [],
  )
  const isFiltered = computed(() => shownClass.value !== null || confidence.value !== 'all')
  function clear() {
    shownClass.value = null
    confidence.value = 'all'
  }
  /** How many images each class has, the most first. */
  const classes = computed(() => {
    const { classes: names = [], images = [] } = prediction.value ?? {}
    const numbers = names.map(() => 0)
    for (const one of images) numbers[one.class]!++
    return names
      .map((name, place) => ({ name, place, images: numbers[place]! }))
      .filter((one) => one.images > 0)
      .sort((a, b) => b.images - a.images)
  })

  /** The place of the image that is looked at; the address has it. */
  const image = computed({
    get: () => (typeof route.query['image'] === 'string' ? Number(route.query['image']) : null),
    set: (place) => void router.replace({ query: place === null ? {} : { image: place } }),
  })
  const looked = computed(() => shown.value.find(({ place }) => place === image.value) ?? null)

  /** What is shown, for a call that takes it somewhere; null where the person does not say where. */
  async function taken(title: string) {
    const folder = await app.pickFolder(title)
    return folder && prediction.value
      ? { id: prediction.value.id, images: shown.value.map(({ place }) => place), folder }
      : null
  }
  async function save() {
    const asked = await taken('Where shall the table go?')
    const written = asked && (await app.attempt(() => backend['classifiers.save'](asked)))
    if (written) app.say(`Table written: ${written.path}`)
  }
  async function copy() {
    const asked = await taken('Where shall the folder of copies go?')
    const made = asked && (await app.attempt(() => backend['classifiers.copy'](asked)))
    if (made) app.say(`Copied ${counted(asked.images.length, 'images')}: ${made.path}`, 'The originals are where they were.') // prettier-ignore
  }

  return {
    ...{ classifiers, key, classifier, load, deedsOf, exporting },
    ...{ source, prediction, under, stop, about, chooseFolder, drop },
    ...{ layout, shownClass, confidence, shown, isFiltered, clear, classes, image, looked, save, copy },
  }
})
