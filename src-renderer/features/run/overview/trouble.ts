import {
  mdiContentSaveOutline,
  mdiFolderSearchOutline,
  mdiHarddisk,
  mdiPlayOutline,
  mdiSpeedometer,
  mdiStopCircleOutline,
  mdiTune,
} from '@mdi/js'
import type { Run } from '#shared/contract'
import { type Course, slower } from '#shared/course'
import { allSettings } from '#shared/settings/hyperparameters'
import { count, duration, number, percent, roughly } from '#ui/format'

type Changes = NonNullable<NonNullable<Run['error']>['remedies']>[number]

/** What a remedy does. */
export type Act =
  | { does: 'resume'; changes?: Changes }
  /** Ends a run that trains, with or without saving, and goes on at once. */
  | { does: 'restart'; saving: boolean; changes?: Changes; decoders?: number }
  | { does: 'stop' }
  | { does: 'kill' }
  /** Asks where the images are. */
  | { does: 'locate' }
  | { does: 'open'; to: string }

export interface Remedy {
  label: string
  icon: string
  act: Act
}

/** What is wrong with a run, why, and what can be done about it: the first remedy is the best. */
export interface Trouble {
  tone: 'bad' | 'warn'
  what: string
  why: string
  remedies: Remedy[]
  /** What the first remedy means for the result. */
  note?: string
  /** The error as it came. */
  details?: string
}

interface Known {
  course: Course
  /** The step of the newest checkpoint; null before the first. */
  newest: number | null
  /** Cores of the machine. */
  cores: number
}

const resting = ['failed', 'interrupted', 'paused', 'stopped']
/** Waiting for images is worth a word above this share of the time. */
const muchWaiting = 0.2

const resume = (label: string, changes?: Changes): Remedy => ({
  label,
  icon: mdiPlayOutline,
  act: { does: 'resume', changes },
})

/** What is wrong with a run; null where nothing is. */
export function troubleOf(run: Run, known: Known): Trouble | null {
  if (run.stalledSeconds !== null) return stuck(run, known)
  if (run.error && (resting.includes(run.status) || run.status === 'queued')) return failed(run, known)
  if (run.status === 'interrupted' || run.status === 'failed')
    return {
      tone: 'warn',
      what: 'The process ended unexpectedly',
      why: safe(run, known),
      remedies: [resume(known.newest === null ? 'Start again' : `Resume from step ${count(known.newest)}`)],
    }
  return run.status === 'running' ? training(run, known) : null
}

/** What is kept of a run that ended, and what is lost. */
function safe({ step, latest }: Run, { newest }: Known): string {
  const reached = Math.max(step, latest?.step ?? 0)
  if (newest === null) return 'There was no checkpoint yet, so it starts again.'
  const lost = reached - newest
  return `The checkpoint of step ${count(newest)} is safe${lost > 0 ? `, so ${lost === 1 ? '1 step is' : `${count(lost)} steps are`} lost` : ''}.`
}

function stuck({ stalledSeconds }: Run, { newest }: Known): Trouble {
  const from = newest === null ? 'start again' : `resume from step ${count(newest)}`
  return {
    tone: 'warn',
    what: `No step for ${roughly(stalledSeconds)}`,
    why: 'The process is alive but stuck.',
    remedies: [
      { label: `End it and ${from}`, icon: mdiPlayOutline, act: { does: 'restart', saving: false } },
      { label: 'End its process', icon: mdiStopCircleOutline, act: { does: 'kill' } },
    ],
  }
}

function failed(run: Run, known: Known): Trouble {
  const { code, message, advice, remedies = [] } = run.error!
  const details = [message, advice].filter(Boolean).join(' ')
  const tone = run.status === 'paused' ? 'warn' : 'bad'
  const change: Remedy = {
    label: 'Change settings',
    icon: mdiTune,
    act: { does: 'open', to: `/new/settings?like=${run.id}` },
  }
  const h = run.hyperparameters
  switch (code) {
    case 'out-of-memory': {
      const fits = remedies.filter((changes) => 'batchSize' in changes)
      return {
        tone,
        details,
        what: `Not enough memory for a batch of ${h.batchSize}`,
        why: safe(run, known),
        remedies: [
          ...fits.map((changes) => resume(`Resume with ${batchOf(changes)}`, changes)),
          ...(h.gradientCheckpointing
            ? []
            : [resume('Resume with gradient checkpointing', { gradientCheckpointing: true })]),
          change,
        ],
        note:
          fits[0] &&
          `${batchOf(fits[0]).replace('batch ', '')} keeps the effective batch of ${h.batchSize * h.accumulation}, so the result stays the same.`,
      }
    }
    case 'not-finite':
      return {
        tone,
        details,
        what: 'The loss is no longer a number',
        why: `Training diverged. ${safe(run, known)}`,
        remedies: [
          ...remedies.map((changes) => resume(`Resume with ${inWords(run, changes)}`, changes)),
          change,
        ],
      }
    case 'folder-missing':
      return {
        tone,
        details,
        what: 'The images are gone',
        why: `There is no folder ${run.dataset.folder}.`,
        remedies: [
          { label: 'Locate images', icon: mdiFolderSearchOutline, act: { does: 'locate' } },
          resume('Try again'),
        ],
      }
    case 'disk-full':
      return {
        tone,
        details,
        what: 'The disk is full',
        why: safe(run, known),
        remedies: [
          { label: 'Free up space', icon: mdiHarddisk, act: { does: 'open', to: '/machine#storage' } },
          resume('Resume'),
        ],
      }
    default:
      return {
        tone,
        what: message.replace(/\.$/, ''),
        why: [advice, safe(run, known)].filter(Boolean).join(' '),
        remedies: [
          ...(remedies.length
            ? remedies.map((changes) => resume(`Resume with ${inWords(run, changes)}`, changes))
            : [resume('Resume')]),
          change,
        ],
      }
  }
}

/** What a run that trains should have its person look at. */
function training(run: Run, { course, newest, cores }: Known): Trouble | null {
  const { latest, secondsLeft, hyperparameters: h } = run
  if (course.kind === 'rises')
    return {
      tone: 'bad',
      what: 'The loss is rising',
      why: `It has risen since step ${count(course.since)}. A lower learning rate usually helps.`,
      remedies: [
        ...(newest === null
          ? []
          : [
              {
                label: `Go back to step ${count(newest)} with half the learning rate`,
                icon: mdiPlayOutline,
                act: { does: 'restart' as const, saving: false, changes: slower(h) },
              },
            ]),
        { label: 'Stop', icon: mdiStopCircleOutline, act: { does: 'stop' } },
      ],
    }
  if (course.kind === 'flat')
    return {
      tone: 'warn',
      what: 'The loss has stopped falling',
      why: `Hardly any gain since step ${count(course.since)}${secondsLeft === null ? '' : `, and ${duration(secondsLeft)} left`}.`,
      remedies: [
        { label: 'Stop and keep it', icon: mdiContentSaveOutline, act: { does: 'stop' } },
        {
          label: 'Go on with half the learning rate',
          icon: mdiPlayOutline,
          act: { does: 'restart', saving: true, changes: slower(h) },
        },
      ],
    }
  if (!latest || latest.dataWait <= muchWaiting) return null
  const now = run.decoders || Math.min(Math.max(cores - 1, 1), 8)
  const more = Math.min(2 * now, cores)
  return {
    tone: 'warn',
    what: `Waiting for images ${percent(latest.dataWait)} of the time`,
    why:
      more > now
        ? `${now === 1 ? 'One thread decodes' : `${now} threads decode`} images; the machine has ${cores} cores.`
        : 'All cores decode images already. More memory for decoded images, or smaller files, help.',
    remedies: [
      more > now
        ? {
            label: `Use ${more} decoding threads`,
            icon: mdiSpeedometer,
            act: { does: 'restart', saving: true, decoders: more },
          }
        : { label: 'Open settings', icon: mdiTune, act: { does: 'open', to: '/settings' } },
    ],
  }
}

/** `batch 32 × 4`: images of a step on the device, and how many of these make an update. */
const batchOf = ({ batchSize, accumulation }: Changes) =>
  `batch ${batchSize}${Number(accumulation) > 1 ? ` × ${accumulation}` : ''}`

/** Changed settings by name: `learning rate 4e-4`. */
function inWords({ hyperparameters: h }: Run, changes: Changes): string {
  const { baseLearningRate, ...others } = changes
  const halved = baseLearningRate === h.baseLearningRate / 2
  const words = Object.entries(halved ? others : changes)
    .filter(
      ([name, value]) => h[name as keyof typeof h] !== value && !(halved && name === 'minimumLearningRate'),
    )
    .map(([name, value]) => {
      const title = allSettings.find((setting) => setting.name === name)?.title.toLowerCase() ?? name
      return `${title} ${typeof value === 'number' && !Number.isInteger(value) ? number(value) : value}`
    })
  return [...(halved ? ['half the learning rate'] : []), ...words].join(' and ')
}
