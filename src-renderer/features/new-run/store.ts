import { defineStore } from 'pinia'
import { computed, ref, watch } from 'vue'
import { fastestPrecision } from '#shared/fastest-precision'
import { cluster as clusterSchema, type Cluster, type OwnPreset, type Run } from '#shared/contract'
import { commandOf } from '#shared/settings/command'
import { durationsOf, withEpochs } from '#shared/settings/durations'
import {
  allSettings,
  fromPreset,
  type Hyperparameters,
  hyperparametersSchema,
  type PresetName,
  presetNames,
  presetOf,
  presets,
  settledBy,
} from '#shared/settings/hyperparameters'
import { objectives } from '#shared/settings/objectives'
import { counted, listed } from '#shared/words'
import { settingsForm } from '#ui/settings/settings-form'
import { useApp } from '#shell/store'
import { useDatasets } from '#features/datasets/store'
import { useEngines } from '#features/machine/engines'
import { useRuns } from '#features/runs/store'

/** What a run is started from: settings of another, and with `weights` those of its checkpoint, the newest without `step`. */
interface Origin {
  run: Run
  weights: boolean
  step?: number
}

/** The titles of the models that a person chooses from. */
const modelTitles: Record<PresetName, string> = {
  nano: 'Nano',
  tiny: 'Tiny',
  small: 'Small',
  base: 'Base, as in the paper',
}

/** The settings of a preset of one's own; those of its model where a newer version cannot read the changes. */
const valuesOf = ({ of, changes }: OwnPreset): Hyperparameters =>
  hyperparametersSchema.safeParse({ ...fromPreset(of), ...changes }).data ?? fromPreset(of)

/** The ways to train, as a person knows them. */
const launchers: Record<Cluster['launcher'], string> = { ray: 'Ray Train', torchrun: 'torchrun' }

/** Groups whose settings stay as they were changed when another model is chosen. */
const kept = ['Method', 'Data', 'Run']

/** The form of a new run: images, model and duration, and every other setting. */
export const useNewRun = defineStore('new-run', () => {
  const datasets = useDatasets()
  const runs = useRuns()
  const engines = useEngines()
  const app = useApp()

  const dataset = ref<string | null>(null)
  const chosen = computed(() => datasets.byId.get(dataset.value ?? ''))
  const name = ref('')
  const preset = ref<PresetName>('nano')
  /** The name of a preset of one's own that is chosen instead; it changes some settings of `preset`. */
  const ownPreset = ref<string | null>(null)
  const ownPresets = computed(() => app.settings?.presets ?? [])
  const presetValues = computed(() => {
    const own = ownPresets.value.find(({ name }) => name === ownPreset.value)
    return own ? valuesOf(own) : startOf(preset.value)
  })
  /** A preset, with what the person wants of all new runs. */
  const startOf = (name: PresetName) =>
    fromPreset(name, app.settings ? { keepEvery: app.settings.keepEvery } : {})
  const form = settingsForm<Hyperparameters>(
    hyperparametersSchema,
    allSettings,
    presetValues,
    ({ objective }) => settledBy(objective),
  )
  const { values } = form
  watch(
    () => presetValues.value.keepEvery,
    (now, before) => {
      if (values.value.keepEvery === before) form.set('keepEvery', now)
    },
  )
  const origin = ref<Origin | null>(null)

  /** Where it is trained, as typed. */
  const place = ref<'here' | Cluster['launcher']>('here')
  const workers = ref('2')
  const address = ref('')
  /** The workers that train it; undefined for this machine, null if the input is invalid. */
  const cluster = computed(() => {
    if (place.value === 'here') return undefined
    const given = place.value === 'ray' && address.value.trim()
    const typed = { launcher: place.value, workers: Number(workers.value), address: given || null }
    return clusterSchema.safeParse(typed).data ?? null
  })
  const valid = computed(() => form.valid.value && cluster.value !== null)
  const changes = computed(() =>
    allSettings.filter((setting) => form.changed(setting.name) && !(setting.name in form.settled.value)),
  )
  /** Its name where none is typed. */
  const suggestedName = computed(() => {
    if (origin.value) return `${origin.value.run.name}, again`
    return `${chosen.value?.name ?? ''} ${preset.value}`.trim()
  })

  /** The settings after another model is chosen: its preset, with what was changed of images, method, duration and run. */
  function ofModel(model: PresetName): Hyperparameters {
    const changed = changes.value.filter(({ group, name }) => kept.includes(group) || name === 'epochs')
    const own = Object.fromEntries(changed.map(({ name }) => [name, values.value[name]]))
    const duration = form.changed('epochs') ? withEpochs(model, values.value.epochs) : {}
    return { ...startOf(model), ...own, ...duration }
  }
  const models = computed(() =>
    presetNames.map((model) => ({
      name: model,
      title: modelTitles[model],
      description: presets[model].description,
      hyperparameters: model === preset.value ? values.value : ofModel(model),
    })),
  )
  const durations = computed(() =>
    durationsOf(preset.value).map((duration) => ({
      ...duration,
      hyperparameters: { ...values.value, ...withEpochs(preset.value, duration.epochs) },
    })),
  )

  function chooseModel(model: PresetName) {
    const next = ofModel(model)
    preset.value = model
    ownPreset.value = null
    values.value = next
    origin.value = null
  }
  /** Takes all settings of a preset, or of one's own by its name. */
  function choosePreset(name: string) {
    const own = ownPresets.value.find((each) => each.name === name)
    preset.value = own?.of ?? (name as PresetName)
    ownPreset.value = own?.name ?? null
    values.value = { ...presetValues.value }
    origin.value = null
  }
  /** Keeps how the form differs from the paper's presets as one of one's own; one of that name is replaced. */
  async function savePreset(name: string) {
    const start: Record<string, unknown> = fromPreset(preset.value)
    const changes = Object.entries(values.value).filter(([key, value]) => value !== start[key])
    const kept = ownPresets.value.filter((each) => each.name !== name)
    await app.change({ presets: [...kept, { name, of: preset.value, changes: Object.fromEntries(changes) }] })
    ownPreset.value = name
  }
  async function removePreset(name: string) {
    await app.change({ presets: ownPresets.value.filter((each) => each.name !== name) })
    ownPreset.value = null
  }
  const setEpochs = (epochs: number) => Object.assign(values.value, withEpochs(preset.value, epochs))

  /** Takes over the settings of a run, its images where they are known, and its weights. */
  function take(from: Origin) {
    origin.value = from
    values.value = { ...from.run.hyperparameters }
    preset.value = presetOf(values.value) ?? preset.value
    ownPreset.value = null
    name.value = ''
    dataset.value =
      datasets.ready.find(({ folder }) => folder === from.run.dataset.folder)?.id ?? dataset.value
  }

  /** What an address asks for: a data set, a run whose settings are taken, and with `from` a checkpoint's weights. */
  function follow(query: Partial<Record<string, unknown>>) {
    const { dataset: wanted, from, like, step } = query
    const run = runs.byId.get(String(from ?? like))
    if (run && origin.value?.run.id !== run.id)
      take({ run, weights: from !== undefined, step: step === undefined ? undefined : Number(step) })
    if (typeof wanted === 'string' && datasets.byId.has(wanted)) dataset.value = wanted
    if (!chosen.value) dataset.value = datasets.ready[0]?.id ?? null
  }

  const from = computed(() => origin.value?.weights && { run: origin.value.run.id, step: origin.value.step })
  /** The same run by the command line. */
  const command = computed(() =>
    commandOf({
      folder: chosen.value?.folder ?? '<folder>',
      preset: preset.value,
      hyperparameters: values.value,
      name: name.value.trim(),
      from: from.value || undefined,
      cluster: cluster.value ?? undefined,
    }),
  )
  /** What is wrong with settings, by their titles. */
  const problems = computed(() =>
    allSettings.flatMap(({ name, title }) => {
      const text = form.errors.value[name]
      return text ? { name, text: `${title}: ${text}` } : []
    }),
  )
  /** How it differs from the preset, in words. */
  const difference = computed(() => {
    const all = counted(allSettings.length, 'settings')
    const names = changes.value.map(({ title }) => title.toLowerCase())
    if (names.length === 0) return `${all}, all as in the preset`
    return `${all}, ${names.length} ${names.length === 1 ? 'differs' : 'differ'} from the preset: ${listed(names)}`
  })
  const trainedBy = computed(() => {
    const title = engines.selected?.title ?? app.settings?.engine
    if (place.value === 'here') return title
    return `${launchers[place.value]}, ${cluster.value ? counted(cluster.value.workers, 'workers') : '–'}`
  })
  /** The precision that this engine takes, where it is another than float32, and why. */
  const computesIn = computed(() => {
    const { proof } = engines.selected ?? {}
    const { precision } = values.value
    if (place.value !== 'here' || !proof) return null
    if (precision === 'auto') return fastestPrecision(proof).why
    return precision === 'float32' ? null : precision
  })
  /** Settings that cannot be changed here: what the objective settles and, of weights that are taken over, their model. */
  const settled = computed(() => {
    const { weights, run } = origin.value ?? {}
    const ofWeights = weights ? allSettings.filter(({ group }) => group === 'Model') : []
    const own = Object.fromEntries(ofWeights.map(({ name }) => [name, run!.hyperparameters[name]]))
    return { ...own, ...form.settled.value }
  })
  const reasonOf = (setting: string) =>
    setting in form.settled.value
      ? `Set by the objective ${objectives[values.value.objective].title}`
      : `Fixed by the weights of ${origin.value?.run.name}`
  const canStart = computed(() => chosen.value?.status === 'ready' && valid.value)
  const starting = ref(false)
  /** Starts the run or adds it to the queue. Throws the AppError of the backend. */
  async function start(): Promise<Run> {
    starting.value = true
    try {
      const run = await runs.start({
        dataset: dataset.value!,
        hyperparameters: values.value,
        name: name.value.trim() || suggestedName.value,
        from: from.value || undefined,
        cluster: cluster.value ?? undefined,
      })
      origin.value = null
      name.value = ''
      return run
    } finally {
      starting.value = false
    }
  }

  return {
    dataset,
    chosen,
    name,
    suggestedName,
    preset,
    presetValues,
    ownPreset,
    ownPresets,
    savePreset,
    removePreset,
    ...form,
    settled,
    reasonOf,
    valid,
    changes,
    origin,
    place,
    workers,
    address,
    cluster,
    models,
    durations,
    chooseModel,
    choosePreset,
    setEpochs,
    take,
    follow,
    command,
    problems,
    difference,
    trainedBy,
    computesIn,
    canStart,
    starting,
    start,
  }
})
